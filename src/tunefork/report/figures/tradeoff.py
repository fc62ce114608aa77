"""The judged metric against what it costs, with the undominated configurations marked and joined."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tunefork.report.figures.labels import Named, Segment, place_names
from tunefork.report.figures.style import MUTED, PAPER, Look, looks, mark_interval, numbers, sheet
from tunefork.report.figures.ticks import round_values, told
from tunefork.report.judged import judged_axis, judged_estimate, judged_name, judged_scale
from tunefork.report.pareto import Front
from tunefork.report.summary import Summary
from tunefork.report.wording import capital, listed, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 14
"""Configurations of which all are named; of more, the undominated only."""
AXES = {
    "parameters": "trainable parameters (logarithmic)",
    "time": "time of one run on its own (logarithmic)",
    "memory": "peak memory (logarithmic)",
}


def tradeoff(summary: Summary, front: Front) -> Figure:
    """One point per configuration, with its 95 % interval; a step line joins the undominated."""
    figure, axes = sheet(f"{capital(judged_name(summary))} on {summary.split} against {front.cost.title}")
    scale = judged_scale(summary)
    found, order = looks(summary.configurations), numbers(summary)
    points = []
    for one, cost, value, kept in zip(front.shown, front.costs, front.values, front.kept):
        estimate = judged_estimate(one, summary)
        ends = (estimate.interval.low, estimate.interval.high) if estimate else (value, value)
        height, low, high = (scale * each for each in (value, *ends))
        _point(axes, (cost, height, low, high), found[one.id], kept, order[one.id])
        name = short_name(one.name).replace("$", r"\$")
        points.append(Named(cost, height, name, kept, low, high))
    axes.set_xscale("log")
    axes.set(xlabel=AXES[front.cost.name], ylabel=judged_axis(summary))
    axes.margins(x=0.16, y=0.14)
    _set_ticks(axes, front)
    steps = _steps(axes, front, scale)
    place_names(axes, points if len(points) <= MOST else [point for point in points if point.needed], steps)
    return figure


def caption(summary: Summary, front: Front) -> str:
    """The undominated in words, and what the figure does not say."""
    metric, less = judged_name(summary), front.cost.less
    reach = "at least" if summary.sign > 0 else "at most"
    names = listed([one.name for one in front.undominated])
    are = "is" if len(front.undominated) == 1 else "are"
    unsure = " Intervals overlap, so a configuration off the line may be as good." if _overlap(summary, front) else ""
    return f"Undominated (no other has {reach} its {metric} for {less}) {are} {names}, by point estimates.{unsure}"


def _overlap(summary: Summary, front: Front) -> bool:
    """Whether the interval of a dominated configuration reaches the value of what dominates it."""
    best = {one.id: value for one, value in zip(front.shown, front.values)}
    for one, cost, kept in zip(front.shown, front.costs, front.kept):
        estimate = judged_estimate(one, summary)
        others = [best[other.id] for other, own in zip(front.shown, front.costs) if own <= cost and other is not one]
        if kept or not estimate:
            continue
        ends = estimate.interval
        if (ends.high >= max(others)) if summary.sign > 0 else (ends.low <= min(others)):
            return True
    return False


def _point(axes: Axes, ends: tuple[float, float, float, float], look: Look, kept: bool, number: int) -> None:
    cost, value, low, high = ends
    spread = [[max(0.0, value - low)], [max(0.0, high - value)]] if high > low else None
    style: dict[str, Any] = {"fmt": look.marker, "color": look.colour, "markersize": 7 if kept else 5.5, "zorder": 3}
    style |= {"markeredgecolor": PAPER if kept else look.colour, "markerfacecolor": look.colour if kept else PAPER}
    style |= {"elinewidth": 1.2, "capsize": 2.2, "alpha": 1.0 if kept else 0.75}
    mark_interval(axes.errorbar([cost], [value], yerr=spread, **style), number)


def _steps(axes: Axes, front: Front, scale: float) -> list[Segment]:
    """From the cheapest to the best; to its right nothing is better. Its parts, for names to keep clear of."""
    by_id = {one.id: (cost, scale * value) for one, cost, value in zip(front.shown, front.costs, front.values)}
    joined = [by_id[one.id] for one in front.undominated]
    right = axes.get_xlim()[1]
    axes.set_xlim(axes.get_xlim())
    xs, ys = zip(*joined, (right, joined[-1][1]))
    axes.step(xs, ys, where="post", color=MUTED, linewidth=1.1, zorder=1.5)
    corners = [(xs[0], ys[0])]
    for x, y in zip(xs[1:], ys[1:]):
        corners += [(x, corners[-1][1]), (x, y)]
    return list(pairwise(corners))


def _set_ticks(axes: Axes, front: Front) -> None:
    """Round values with their units, few enough to be read."""
    name = front.cost.name
    found = round_values(name, *axes.get_xlim())
    axes.set_xticks(found, [told(name, value) for value in found])
    axes.minorticks_off()
