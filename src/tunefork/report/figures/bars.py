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
from tunefork.report.judging import Judgement
from tunefork.report.summary import Summary
from tunefork.report.wording import METRICS, percent, plain_percent
from tunefork.uncertainty import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.15
"""Height in inches."""


def scores(summary: Summary) -> Figure | None:
    """Accuracy and macro F1 with 95 % intervals; the majority class and the untrained model as lines."""
    split = summary.split
    shown = [one for one in summary.configurations if split and one.spread(split, "accuracy")]
    if not split or not shown:
        return None
    from matplotlib.patches import Patch

    rows = rows_sheet(f"Accuracy and macro F1 on {split}", [one.name for one in shown], 2 * BAR)
    axes, order = rows.axes, numbers(summary)
    handles: list[Any] = []
    texts: list[str] = []
    for metric, text, colour, shift in (("accuracy", "accuracy", BLUE, -0.5), ("macro_f1", "macro F1", SKY, 0.5)):
        handles.append(Patch(color=colour))
        texts.append(text)
        for place, one in zip(rows.places, shown):
            spread = one.spread(split, metric)
            estimate = (one.accuracy if metric == "accuracy" else one.macro_f1) if split == "test" else None
            if spread:
                _score(axes, place + shift * BAR, spread.mean, estimate, colour, order[one.id])
    lines = (("majority class", summary.study.majority, ":"), ("before training", summary.study.baseline, "--"))
    for text, metrics, style in lines:
        value = metrics.get("accuracy")
        if split == "test" and value is not None and math.isfinite(value):
            handles.append(axes.axvline(100 * value, color=VERMILLION, linestyle=style, linewidth=1.4))
            texts.append(f"{text} (accuracy)")
    axes.set(xlabel="% (95 % interval)" if split == "test" else "%", xlim=(0, 112), xticks=range(0, 101, 20))
    bottom_legend(rows.figure, handles, texts)
    return rows.figure


def _score(axes: Axes, place: float, value: float, estimate: Estimate | None, colour: str, number: int) -> None:
    mark(axes.barh(place, 100 * value, 0.92 * BAR, color=colour), number)
    end = value
    if estimate:
        mark_interval(_interval(axes, place, value, estimate, 100, INK), number)
        end = max(value, estimate.interval.high)
    axes.text(100 * end + 1, place, percent(value, 1), va="center", fontsize=7.5)


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
    comparisons, metric = judgement.comparisons, METRICS[judgement.summary.judged_by]
    rows = rows_sheet(f"Test {metric} minus that of {judgement.best.name}", [one.name for one in comparisons], BAR)
    order, axes = numbers(judgement.summary), rows.axes
    axes.axvspan(-100 * judgement.margin, 100 * judgement.margin, color=BLUE, alpha=0.12, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1)
    handles: dict[str, Any] = {}
    for place, one in zip(rows.places, comparisons):
        colour, marker, fill, text = OUTCOMES[one.outcome]
        style = {"fmt": marker, "color": colour, "markerfacecolor": fill, "markersize": 6, "elinewidth": 1.6}
        drawn = _interval(axes, place, one.difference.value, one.difference, 100, colour, **style)
        mark_interval(drawn, order[one.configuration])
        handles.setdefault(text, drawn)
    axes.set_xlabel("points (95 % interval)")
    axes.margins(x=0.08)
    bottom_legend(rows.figure, list(handles.values()), list(handles))
    return rows.figure
