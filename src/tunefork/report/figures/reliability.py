"""How sure the best run is of its answers, against how often it is right: before and after its temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunefork.report.calibration import Reliability
from tunefork.report.figures.style import BLUE, INK, MUTED, VERMILLION, label
from tunefork.report.summary import Summary
from tunefork.report.wording import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def reliability(summary: Summary) -> Figure | None:
    """A reliability diagram (DeGroot and Fienberg 1983, The Statistician 32:12–22) of the best run on test.

    On top the accuracy of each bin of confidence, and how far it lies from its mean confidence; below how many rows it
    has. A run that says 80 % and is right on 80 of 100 such rows lies on the diagonal.
    """
    best = next((run for run in summary.runs if run.record.id == summary.best), None)
    if best is None or best.calibration is None:
        return None
    from matplotlib.figure import Figure as Sheet

    found = best.calibration
    panels = [("as trained", found.before)]
    if found.after is not None and found.temperature is not None:
        panels.append((f"temperature {found.temperature:.3g}", found.after))
    figure = Sheet(figsize=(1.2 + 3.4 * len(panels), 4.9), layout="constrained", facecolor="white")
    name = f"Reliability on test\n{label(best.record.name)}, seed {best.record.seed}"
    figure.suptitle(name, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    grid = figure.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 1])
    for place, (title, side) in enumerate(panels):
        _bins(grid[0][place], title, side)
        _counts(grid[1][place], side)
    most = max(each.count for _, side in panels for each in side.bins)
    grid[1][0].set_yticks([0, most], ["0", f"{most:,}"])  # shared by both sides
    grid[0][0].set_ylabel("accuracy (%)")
    grid[1][0].set_ylabel("rows")
    return figure


def _bins(axes: Axes, title: str, side: Reliability) -> None:
    filled = [each for each in side.bins if each.count]
    width = 100 / len(side.bins)
    middles = [50 * (each.low + each.high) for each in filled]
    accuracies = [100 * each.accuracy for each in filled]
    gaps = [100 * (each.confidence - each.accuracy) for each in filled]
    axes.bar(middles, accuracies, width, color=BLUE, edgecolor="white", linewidth=0.6, label="accuracy")
    axes.bar(middles, gaps, 0.3 * width, accuracies, color=VERMILLION, alpha=0.75, label="to mean confidence")
    axes.plot([0, 100], [0, 100], "--", color=MUTED, linewidth=1.0)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_title(
        f"{title}: ECE {percent(side.ece, 1)} %, loss {number(side.loss, 3)}", fontsize=9, fontweight="normal"
    )
    axes.grid(True)
    axes.legend(loc="upper left")


def _counts(axes: Axes, side: Reliability) -> None:
    middles = [50 * (each.low + each.high) for each in side.bins]
    axes.bar(middles, [each.count for each in side.bins], 100 / len(side.bins), color=MUTED, edgecolor="white")
    axes.set_xlabel("confidence (%)")
    axes.grid(True, axis="y")
