"""Scores, trainable parameters and differences to the best, one line per configuration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tunefork.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    SKY,
    VERMILLION,
    bottom_legend,
    mark,
    mark_interval,
    numbers,
    rows_sheet,
)
from tunefork.report.judged import judged_name, judged_scale, judged_unit
from tunefork.report.judging import Judgement
from tunefork.report.summary import Summary
from tunefork.report.wording import SHARES, capital, plain_percent
from tunefork.uncertainty import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.15
"""Height in inches."""


def scores(summary: Summary) -> Figure | None:
    """Two metrics with 95 % intervals, such as accuracy and macro F1; what answers without looking and the untrained
    model as lines."""
    split, units, (first, second) = summary.split, summary.units, summary.units.kind.bars
    shown = [one for one in summary.configurations if split and one.spread(split, first)]
    if not split or not shown:
        return None
    from matplotlib.patches import Patch

    title = f"{capital(units.name(first))} and {units.name(second)} on {split}"
    rows = rows_sheet(title, [one.name for one in shown], 2 * BAR)
    axes, order, low = rows.axes, numbers(summary), _lowest(summary)
    handles: list[Any] = []
    texts: list[str] = []
    for metric, colour, shift in ((first, BLUE, -0.5), (second, SKY, 0.5)):
        handles.append(Patch(color=colour))
        texts.append(units.name(metric))
        for place, one in zip(rows.places, shown):
            spread = one.spread(split, metric)
            estimate = one.estimate(metric) if split == "test" else None
            if spread:
                text = units.value(metric, spread.mean, 1).removesuffix(" %")
                _score(axes, place + shift * BAR, spread.mean, estimate, colour, (text, order[one.id]))
    lines = ((units.kind.floor, summary.study.majority, ":"), ("before training", summary.study.baseline, "--"))
    for text, metrics, style in lines:
        value = metrics.get(first)
        if split == "test" and value is not None and math.isfinite(value) and 100 * value >= low:
            handles.append(axes.axvline(100 * value, color=VERMILLION, linestyle=style, linewidth=1.4))
            texts.append(f"{text} ({units.name(first)})")
    _share_axis(axes, low, "%" if first in SHARES else "", split == "test")
    bottom_legend(rows.figure, handles, texts)
    return rows.figure


def _share_axis(axes: Axes, low: int, unit: str, intervals: bool) -> None:
    """From ``low`` to 100 %; without a unit as plain numbers up to 1."""
    ticks = range(low, 101, 20)
    axes.set_xlim(low, 112)
    axes.set_xticks(ticks, None if unit else [f"{tick / 100:g}" for tick in ticks])
    texts = [unit, *(["(95 % interval)" if unit else "with 95 % intervals"] * intervals)]
    axes.set_xlabel(" ".join(filter(None, texts)))


def _lowest(summary: Summary) -> int:
    """Where the axis begins: at 0, or below where an R² is; at −100 at last, since what is so bad may be anything."""
    values = [
        spread.mean
        for one in summary.configurations
        for metric in summary.units.kind.bars
        if (spread := one.spread(summary.split or "", metric))
    ]
    return max(-100, 20 * math.floor(5 * min(0.0, *values)))


def _score(
    axes: Axes, place: float, value: float, estimate: Estimate | None, colour: str, named: tuple[str, int]
) -> None:
    text, which = named
    mark(axes.barh(place, 100 * value, 0.92 * BAR, color=colour), which)
    end = value
    if estimate:
        mark_interval(_interval(axes, place, value, estimate, 100, INK), which)
        end = max(value, estimate.interval.high)
    axes.text(100 * max(0.0, end) + 1, place, text, va="center", fontsize=7.5)


def _interval(
    axes: Axes, place: float, value: float, estimate: Estimate, scale: float, colour: str, **more: Any
) -> Any:
    low, high = max(0.0, value - estimate.interval.low), max(0.0, estimate.interval.high - value)
    ends = [[scale * low], [scale * high]]
    style = {"fmt": "none", "elinewidth": 1.1, "capsize": 2.2, **more}
    return axes.errorbar([scale * value], [place], xerr=ends, ecolor=colour, **style)


def parameters(summary: Summary) -> Figure | None:
    """Trainable parameters on a logarithmic axis."""
    shown = [one for one in summary.configurations if one.counts.trainable > 0]
    if not shown:
        return None
    rows, order = rows_sheet("Trainable parameters", [one.name for one in shown], BAR), numbers(summary)
    sizes = [one.counts.trainable for one in shown]
    first = 10 ** math.floor(math.log10(min(sizes)) - 0.05)
    rows.axes.set_xscale("log")
    rows.axes.set_xlim(first, first * (max(sizes) / first) ** (1 / 0.6))  # the longest bar leaves room for its number
    for place, one in zip(rows.places, shown):
        mark(rows.axes.barh(place, one.counts.trainable - first, BAR, left=first, color=BLUE), order[one.id])
        text = f"{one.counts.trainable:,} ({plain_percent(one.counts.peft_percent)} %)"
        rows.axes.annotate(
            text, (one.counts.trainable, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8
        )
    rows.axes.set_xlabel("parameters (logarithmic)")
    return rows.figure


OUTCOMES = {
    "better": (GREEN, "s", GREEN, "better"),
    "equivalent": (BLUE, "o", BLUE, "equivalent within the margin"),
    "undecided": (MUTED, "o", PAPER, "undecided"),
    "worse": (VERMILLION, "D", VERMILLION, "worse"),
    "not converged": (ORANGE, "^", PAPER, "not converged"),
}


def differences(judgement: Judgement | None) -> Figure | None:
    """What differs from the best on test, with 95 % intervals; colours say what holds after Holm's correction."""
    if judgement is None or not judgement.comparisons:
        return None
    comparisons, summary = judgement.comparisons, judgement.summary
    metric, scale = judged_name(summary), judged_scale(summary)
    rows = rows_sheet(f"Test {metric} minus that of {judgement.best.name}", [one.name for one in comparisons], BAR)
    order, axes = numbers(summary), rows.axes
    axes.axvspan(-scale * judgement.margin, scale * judgement.margin, color=BLUE, alpha=0.12, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1)
    handles: dict[str, Any] = {}
    for place, one in zip(rows.places, comparisons):
        colour, marker, fill, text = OUTCOMES[one.outcome]
        style = {"fmt": marker, "color": colour, "markerfacecolor": fill, "markersize": 6, "elinewidth": 1.6}
        drawn = _interval(axes, place, one.difference.value, one.difference, scale, colour, **style)
        mark_interval(drawn, order[one.configuration])
        handles.setdefault(text, drawn)
    unit = "points" if scale > 1 else f"{judged_unit(summary)}; less is better"
    axes.set_xlabel(f"{unit} (95 % interval)")
    axes.margins(x=0.08)
    bottom_legend(rows.figure, list(handles.values()), list(handles))
    return rows.figure
