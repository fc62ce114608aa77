"""Best-at-budget curves: what a search gives for so many trials, and for so many seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tunefork.report.figures.style import COLOURS, MARKERS, Look, bottom_legend, handle, label, sheet
from tunefork.report.searched import budget_curve, searched
from tunefork.report.summary import Summary
from tunefork.report.wording import SHARES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def budget(summary: Summary) -> Figure | None:
    """The best value on validation against the seconds that the trials took, one mark for each trial.

    Of trials that were drawn at random, the expected value of the best (Dodge et al. 2019); else the best so far.
    """
    arms = searched(summary)
    if not arms or max(len(arm.trials) for arm in arms) < 2:
        return None
    metric = arms[0].trials[0].metric
    expected = _independent(summary)
    how = "Expected best" if expected else "Best so far"
    texts = [label(arm.name) for arm in arms]
    figure, axes = sheet(f"{how} on validation against time spent on trials")
    scale = 100.0 if metric in SHARES else 1.0
    handles = []
    for place, arm in enumerate(arms):
        look = Look(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)])
        seconds, values = budget_curve(arm, expected)
        shown = np.isfinite(values)
        axes.plot(
            seconds[shown],
            scale * values[shown],
            drawstyle="default" if expected else "steps-post",
            color=look.colour,
            marker=look.marker,
            markersize=4.5,
            linewidth=1.3,
        )
        handles.append(handle(look))
    axes.set_xlabel("seconds of training, all trials so far")
    axes.set_ylabel(f"validation {summary.units.name(metric)}{' (%)' if metric in SHARES else ''}")
    axes.set_xscale("log")
    bottom_legend(figure, handles, texts)
    return figure


def caption(summary: Summary) -> str:
    """How to read the figure."""
    if _independent(summary):
        return (
            "One mark for each trial: what the best of so many is expected to be, over all orders of the trials "
            "(Dodge et al. 2019), against the seconds that they take."
        )
    return "One mark for each trial, in the order in which they were made."


def _independent(summary: Summary) -> bool:
    """Whether the trials were drawn independently, and all trained to their end."""
    return summary.study.search.get("method") == "random" and not summary.study.search.get("halving")
