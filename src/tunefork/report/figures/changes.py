"""How far the blocks moved, and how many intruder dimensions they got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunefork.report.effects import Changes
from tunefork.report.figures.bars import BAR
from tunefork.report.figures.style import BLUE, INK, bottom_legend, handle, label, looks, rows_sheet, sheet
from tunefork.report.summary import ConfigurationSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def movement(changes: Changes, configurations: Sequence[ConfigurationSummary]) -> Figure:
    """The relative norm of ΔW against the block, a line for each configuration, with the range over seeds."""
    from matplotlib.ticker import MaxNLocator

    texts = [label(one.name) for one in changes.configurations]
    figure, axes = sheet("How far the blocks moved")
    known = looks(configurations)
    for one in changes.configurations:
        look = known[one.id]
        spreads = [(number, found) for number in one.blocks if (found := one.in_block(number, "relative_norm"))]
        numbers = [number for number, _ in spreads]
        axes.plot(
            numbers,
            [100 * found.mean for _, found in spreads],
            color=look.colour,
            marker=look.marker,
            linewidth=1.4,
            markersize=5,
        )
        low, high = ([100 * end(found.values) for _, found in spreads] for end in (min, max))
        if low != high:
            axes.fill_between(numbers, low, high, color=look.colour, alpha=0.15, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="block", ylabel="‖ΔW‖ / ‖W‖ % (mean over its matrices)")
    axes.set_ylim(bottom=0)
    bottom_legend(figure, [handle(known[one.id]) for one in changes.configurations], texts)
    return figure


def intruders(changes: Changes) -> Figure:
    """Intruder dimensions of every configuration, with the range over seeds."""
    shown = changes.configurations
    rows = rows_sheet(f"Intruder dimensions ({changes.settings})", [one.name for one in shown], BAR)
    axes = rows.axes
    spreads = [one.spread("intruders") for one in shown]
    axes.barh(rows.places, [each.mean for each in spreads], BAR, color=BLUE)
    most = max(1.0, *(max(each.values) for each in spreads))
    for place, one, each in zip(rows.places, shown, spreads):
        ends = [[each.mean - min(each.values)], [max(each.values) - each.mean]]
        if min(each.values) != max(each.values):
            axes.errorbar([each.mean], [place], xerr=ends, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.2)
        text = (
            f"{each.mean:g} in {one.matrices}"
            if each.mean == round(each.mean)
            else f"{each.mean:.1f} in {one.matrices}"
        )
        axes.text(max(each.values) + 0.015 * most, place, text, va="center", fontsize=8)
    axes.set(xlabel="intruder dimensions, in how many matrices (whiskers: range over seeds)", xlim=(0, 1.22 * most))
    return rows.figure
