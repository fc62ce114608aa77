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
    rows_sheet,
)
from tunefork.report.judging import Judgement
from tunefork.report.summary import Summary
from tunefork.report.wording import METRICS, percent, plain_percent
from tunefork.uncertainty import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def scores(summary: Summary) -> Figure | None:
    """Accuracy and macro F1 with 95 % intervals; the majority class and the untrained model as lines."""
    split = summary.split
    shown = [one for one in summary.configurations if split and one.spread(split, "accuracy")]
    if not split or not shown:
        return None
    from matplotlib.patches import Patch

    figure, axes = rows_sheet(f"Accuracy and macro F1 on {split}", [one.name for one in shown], 0.5, 1.5)
    handles: list[Any] = []
    texts: list[str] = []
    measures = (("accuracy", "accuracy", BLUE, -0.19), ("macro_f1", "macro F1", SKY, 0.19))
    for metric, text, colour, shift in measures:
        handles.append(Patch(color=colour))
        texts.append(text)
        for place, one in enumerate(shown):
            spread = one.spread(split, metric)
            estimate = (one.accuracy if metric == "accuracy" else one.macro_f1) if split == "test" else None
            if spread:
                _score(axes, place + shift, spread.mean, estimate, colour)
    lines = (("majority class", summary.study.majority, ":"), ("before training", summary.study.baseline, "--"))
    for text, metrics, style in lines:
        value = metrics.get("accuracy")
        if split == "test" and value is not None and math.isfinite(value):
            handles.append(axes.axvline(100 * value, color=VERMILLION, linestyle=style, linewidth=1.4))
            texts.append(f"{text} (accuracy)")
    axes.set(xlabel="% (95 % interval)" if split == "test" else "%", xlim=(0, 112), xticks=range(0, 101, 20))
    bottom_legend(figure, handles, texts)
    return figure


def _score(axes: Axes, place: float, value: float, estimate: Estimate | None, colour: str) -> None:
    axes.barh(place, 100 * value, 0.36, color=colour)
    end = value
    if estimate:
        _interval(axes, place, value, estimate, 100, INK)
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
    figure, axes = rows_sheet("Trainable parameters", [one.name for one in shown])
    sizes = [one.counts.trainable for one in shown]
    axes.set_xscale("log")
    axes.barh(range(len(shown)), sizes, 0.62, color=BLUE)
    axes.set_xlim(10 ** math.floor(math.log10(min(sizes)) - 0.05), max(sizes) * (max(sizes) / min(sizes)) ** 0.4 * 4)
    for place, one in enumerate(shown):
        text = f"  {one.counts.trainable:,} ({plain_percent(one.counts.peft_percent)} %)"
        axes.text(one.counts.trainable, place, text, va="center", fontsize=8)
    axes.set_xlabel("parameters (logarithmic)")
    return figure


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
    title = f"Test {metric} minus that of {_short(judgement.best.name)}"
    figure, axes = rows_sheet(title, [one.name for one in comparisons])
    axes.axvspan(-100 * judgement.margin, 100 * judgement.margin, color=BLUE, alpha=0.12, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1)
    handles: dict[str, Any] = {}
    for place, one in enumerate(comparisons):
        colour, marker, fill, text = OUTCOMES[one.outcome]
        style = {"fmt": marker, "color": colour, "markerfacecolor": fill, "markersize": 6, "elinewidth": 1.6}
        drawn = _interval(axes, place, one.difference.value, one.difference, 100, colour, **style)
        handles.setdefault(text, drawn)
    axes.set_xlabel("points (95 % interval)")
    axes.margins(x=0.08)
    bottom_legend(figure, list(handles.values()), list(handles))
    return figure


def _short(name: str) -> str:
    return (name if len(name) <= 40 else f"{name[:39]}…").replace("$", r"\$")
