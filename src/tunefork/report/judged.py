"""The one metric that a report judges by, of any configuration: its mean over seeds, and its interval on test."""

from __future__ import annotations

from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import METRICS, SHARES
from tunefork.uncertainty import Estimate


def judged_value(one: ConfigurationSummary, summary: Summary) -> float | None:
    """The mean over seeds, from 0 to 1, on test or, where nothing was tested, on validation; None where unknown."""
    spread = one.spread(summary.split, summary.judged_by) if summary.split else None
    return spread.mean if spread else None


def judged_estimate(one: ConfigurationSummary, summary: Summary) -> Estimate | None:
    """The value on test with its 95 % interval; None without test answers."""
    return one.estimate(summary.judged_by) if summary.split == "test" else None


def judged_seeds(one: ConfigurationSummary, summary: Summary) -> tuple[float, ...]:
    """The value of every seed."""
    spread = one.spread(summary.split, summary.judged_by) if summary.split else None
    return spread.values if spread else ()


def judged_axis(summary: Summary) -> str:
    """What an axis of it says."""
    return (
        f"{METRICS[summary.judged_by]} ({judged_unit(summary)}{', 95 % interval' if summary.split == 'test' else ''})"
    )


def judged_unit(summary: Summary) -> str:
    """What figures show it in: all of them times 100, so that a point is a point."""
    return "%" if summary.judged_by in SHARES else "× 100"


def measured(summary: Summary) -> list[ConfigurationSummary]:
    """The configurations that have a value, in the order of the study."""
    return [one for one in summary.configurations if judged_value(one, summary) is not None]
