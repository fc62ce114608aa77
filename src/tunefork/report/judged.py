"""The one metric that a report judges by, of any configuration: its mean over seeds, and its interval on test."""

from __future__ import annotations

from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import SHARES
from tunefork.uncertainty import Estimate

LONGEST = 12
"""Characters of a label's name that an axis has room for."""


def judged_value(one: ConfigurationSummary, summary: Summary) -> float | None:
    """The mean over seeds, on test or, where nothing was tested, on validation; None where unknown."""
    spread = one.spread(summary.split, summary.judged_by) if summary.split else None
    return spread.mean if spread else None


def judged_estimate(one: ConfigurationSummary, summary: Summary) -> Estimate | None:
    """The value on test with its 95 % interval; None without test answers."""
    return one.estimate(summary.judged_by) if summary.split == "test" else None


def judged_seeds(one: ConfigurationSummary, summary: Summary) -> tuple[float, ...]:
    """The value of every seed."""
    spread = one.spread(summary.split, summary.judged_by) if summary.split else None
    return spread.values if spread else ()


def judged_name(summary: Summary) -> str:
    """What it is called."""
    return summary.units.name(summary.judged_by)


def judged_axis(summary: Summary) -> str:
    """What an axis of it says."""
    return f"{judged_name(summary)} ({judged_unit(summary)}{', 95 % interval' if summary.split == 'test' else ''})"


def judged_unit(summary: Summary) -> str:
    """What figures show it in: times 100, so that a point is a point; errors in the unit of what is predicted."""
    if judged_scale(summary) == 1:
        name = summary.study.labels[0]
        return f"in the unit of {name if len(name) <= LONGEST else 'the label'}"
    return "%" if summary.judged_by in SHARES else "× 100"


def judged_scale(summary: Summary) -> float:
    """What figures multiply it by."""
    return summary.units.scale(summary.judged_by)


def judged_point(summary: Summary) -> float:
    """One point on such an axis."""
    return judged_scale(summary) * summary.units.whole(summary.judged_by) / 100


def judged_text(summary: Summary, value: float) -> str:
    """A value as figures write it beside a mark."""
    return summary.units.short(summary.judged_by, value)


def measured(summary: Summary) -> list[ConfigurationSummary]:
    """The configurations that have a value, in the order of the study."""
    return [one for one in summary.configurations if judged_value(one, summary) is not None]
