"""Rank and targets of LoRA together: the judged metric of every combination that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunefork.report.figures.ablations import strategy_of
from tunefork.report.figures.style import MUTED, WASH, label, mark, numbers, sheet
from tunefork.report.judged import (
    judged_estimate,
    judged_name,
    judged_point,
    judged_scale,
    judged_text,
    judged_unit,
    judged_value,
    measured,
)
from tunefork.report.selection import choose
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALE, DARK = "#e3f1fa", "#003a5c"
"""Of the worst and the best value."""
NARROWEST = 2.0
"""Points between the palest and the darkest colour at least, so that chance does not look like a landscape."""
Cells = dict[tuple[str, int], ConfigurationSummary]


def heat_map(summary: Summary) -> Figure | None:
    """Rows are sets of targets, columns are ranks; None unless there are two of both."""
    cells = map_cells(summary)
    if not cells:
        return None
    targets = _targets(cells)
    ranks = sorted({rank for _, rank in cells})
    title = f"{capital(judged_name(summary))} on {summary.split} by LoRA rank and targets"
    width = max(4.8, 1.5 + 0.72 * len(ranks))
    figure, axes = sheet(title, 0.95 + 0.5 * len(targets), width)
    axes.grid(False)
    for place, name in enumerate(targets):
        for column, rank in enumerate(ranks):
            _cell(axes, summary, cells.get((name, rank)), (column, place), cells)
    axes.set(xlim=(-0.5, len(ranks) - 0.5), ylim=(len(targets) - 0.5, -0.5), xlabel="rank")
    axes.set_xticks(range(len(ranks)), [str(rank) for rank in ranks])
    axes.set_yticks(range(len(targets)), [label(name, 16) for name in targets])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def map_cells(summary: Summary) -> Cells:
    """The configuration of every combination; of several that differ in other settings, the one validation prefers.

    Empty unless there are two ranks and two sets of targets.
    """
    found: dict[tuple[str, int], list[ConfigurationSummary]] = {}
    for one in measured(summary):
        strategy = strategy_of(one)
        if (
            one.strategy == "lora"
            and isinstance(strategy.get("rank"), int)
            and isinstance(strategy.get("targets"), list)
        ):
            found.setdefault(("+".join(strategy["targets"]), strategy["rank"]), []).append(one)
    if min(len({name for name, _ in found}), len({rank for _, rank in found})) < 2:
        return {}
    chosen = {}
    for key, several in found.items():
        preferred = choose(several, summary.study.selection_metric, summary.lower).configuration
        chosen[key] = next((one for one in several if one.id == preferred), several[0])
    return chosen


def caption(summary: Summary) -> str:
    """What a cell says, and how the colours are meant."""
    over = ", mean over seeds" if max(summary.seeds, default=1) > 1 else ""
    interval = ", below it its 95 % interval" if summary.split == "test" else ""
    loras = [one for one in measured(summary) if one.strategy == "lora"]
    chosen = " Of configurations that differ in other settings, the one that validation prefers is shown."
    several = chosen if len(loras) > len(map_cells(summary)) else ""
    unit = judged_unit(summary) if judged_scale(summary) == 1 else f"in {judged_unit(summary)}"
    darker = "higher" if summary.sign > 0 else "lower, which is better"
    return (
        f"In each cell: {judged_name(summary)} {unit}{over}{interval}. Hatched: not run. "
        f"Darker is {darker}; palest and darkest are at least {summary.units.margin(summary.judged_by, NARROWEST)} "
        f"apart.{several}"
    )


def _targets(cells: Cells) -> list[str]:
    """Sets of targets, those with the fewest adapter parameters per rank first."""
    size = {name: one.counts.adapter / rank for (name, rank), one in cells.items()}
    return sorted(size, key=lambda name: (size[name], name))


def _cell(axes: Axes, summary: Summary, one: ConfigurationSummary | None, place: tuple[int, int], cells: Cells) -> None:
    from matplotlib.patches import Rectangle

    corner = (place[0] - 0.48, place[1] - 0.46)
    value = judged_value(one, summary) if one else None
    if one is None or value is None:
        axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=WASH, edgecolor=MUTED, hatch="///", linewidth=0))
        return
    known = [own for each in cells.values() if (own := judged_value(each, summary)) is not None]
    signed = [summary.sign * each for each in known]
    narrowest = NARROWEST * judged_point(summary) / judged_scale(summary)
    colour, ink = _colours(summary.sign * value, min(signed), max(signed), narrowest)
    patch = axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=colour, linewidth=0))
    estimate = judged_estimate(one, summary)
    number = numbers(summary)[one.id]
    texts = [
        axes.text(*place, judged_text(summary, value), ha="center", va="center", color=ink, fontsize=9, weight="bold")
    ]
    if estimate:
        texts[0].set_y(place[1] - 0.13)
        ends = "–".join(judged_text(summary, end) for end in (estimate.interval.low, estimate.interval.high))
        texts.append(axes.text(place[0], place[1] + 0.2, ends, ha="center", va="center", color=ink, fontsize=6.5))
    mark([patch, *texts], number)


def _colours(value: float, low: float, high: float, narrowest: float) -> tuple[str, str]:
    """The colour of a cell, and of the text in it."""
    from matplotlib.colors import to_hex, to_rgb

    spare = max(0.0, narrowest - (high - low)) / 2
    share = (value - low + spare) / max(high - low + 2 * spare, 1e-9 * narrowest)
    mixed = [pale + share * (dark - pale) for pale, dark in zip(to_rgb(PALE), to_rgb(DARK))]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in mixed]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # of black and white the one with more contrast (WCAG 2.2, relative luminance)
    return to_hex(mixed), "#000001" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fffffe"
