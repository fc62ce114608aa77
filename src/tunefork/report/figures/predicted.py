"""What the best run answers against what is true, for studies that predict a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tunefork.report.figures.style import BLUE, INK, MUTED, label, mark, numbers, sheet
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import Summary
from tunefork.report.wording import several

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 1500
"""Rows up to which each is a dot; of more, cells are shaded by how many they hold."""
CELLS = 40
"""Across."""


def predicted(summary: Summary) -> Figure | None:
    """Both axes have the label's unit and the same ends, so that right answers lie on the diagonal."""
    best = _best(summary)
    if best is None or best.answers is None:
        return None
    true, said, which = best.answers.labels, best.answers.predicted, numbers(summary)[best.record.configuration]
    figure, axes = sheet(f"Answers on test: {best.record.name}, seed {best.record.seed}", 4.3)
    low, high = float(min(true.min(), said.min())), float(max(true.max(), said.max()))
    slack = 0.04 * (high - low) or 1.0
    ends = (low - slack, high + slack)
    axes.plot(ends, ends, "--", color=MUTED, linewidth=1.0)
    if len(true) > MOST:
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("blue", ["#d6eaf6", BLUE, INK])
        mark(axes.hexbin(true, said, gridsize=CELLS, extent=(*ends, *ends), mincnt=1, bins="log", cmap=shades), which)
    else:
        mark(axes.scatter(true, said, s=11, color=BLUE, alpha=0.45, linewidths=0), which)
    name = label(summary.study.labels[0], 30)
    axes.set(xlim=ends, ylim=ends, xlabel=f"true {name}", ylabel=f"predicted {name}")
    axes.set_aspect("equal")
    return figure


def caption(summary: Summary) -> str:
    """How to read it."""
    best = _best(summary)
    rows = len(best.answers.labels) if best and best.answers else 0
    marks = "Darker cells hold more rows" if rows > MOST else "One dot for each row"
    return f"{several(rows, 'test row')}. {marks}; right answers lie on the dashed line, above it answers are too high."


def _best(summary: Summary) -> RunSummary | None:
    """The best run, where it answered test rows with numbers."""
    if summary.study.problem != "regression":
        return None
    best = next((run for run in summary.runs if run.record.id == summary.best), None)
    if best is None or best.answers is None or not len(best.answers.labels):
        return None
    return best if np.isfinite(best.answers.predicted).all() else None
