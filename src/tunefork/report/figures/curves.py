"""Loss and accuracy against the step, for all runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tunefork.report.figures.style import MUTED, PAPER, Look, handle, label, looks, outside_legend, sheet
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 150
"""Of a training curve: what can be seen at this width."""


def loss(summary: Summary) -> Figure | None:
    """Training loss (dashed) and validation loss (solid)."""
    shown = [one for one in summary.configurations if any(run.steps or _validations(run) for run in one.runs)]
    if not shown:
        return None
    texts = [label(one.name) for one in shown]
    figure, axes = sheet("Loss against step", legend=["", "", "", *texts])
    for one in shown:
        for run in one.runs:
            _training(axes, run, looks(summary.configurations)[one.id])
            _validation(axes, run, looks(summary.configurations)[one.id], "loss", 1.0)
    axes.set(xlabel="optimizer step", ylabel="loss (nats)")
    _bound(axes, shown)
    _legend(figure, summary, shown, dashed=True)
    return figure


def accuracy(summary: Summary) -> Figure | None:
    """Validation accuracy."""
    shown = [one for one in summary.configurations if any(_validations(run) for run in one.runs)]
    if not shown:
        return None
    texts = [label(one.name) for one in shown]
    figure, axes = sheet("Validation accuracy against step", legend=["", *texts])
    for one in shown:
        for run in one.runs:
            _validation(axes, run, looks(summary.configurations)[one.id], "accuracy", 100.0)
    axes.set(xlabel="optimizer step", ylabel="accuracy (%)")
    axes.set_xlim(left=0)
    _legend(figure, summary, shown, dashed=False)
    return figure


def _validations(run: RunSummary) -> list[Any]:
    return [one for one in run.evaluations if one.split == "validation"]


def _training(axes: Axes, run: RunSummary, look: Look) -> None:
    """Means of neighbouring records where there are more of them than can be seen."""
    if not run.steps:
        return
    steps = np.array([step.step for step in run.steps])
    losses = np.array([step.loss for step in run.steps])
    parts = np.array_split(np.arange(len(steps)), min(POINTS, len(steps)))
    axes.plot(
        [steps[part][-1] for part in parts],
        [losses[part].mean() for part in parts],
        *("--",),
        color=look.colour,
        linewidth=0.8,
        alpha=0.45,
    )


def _validation(axes: Axes, run: RunSummary, look: Look, metric: str, scale: float) -> None:
    found = _validations(run)
    axes.plot(
        [one.step for one in found],
        [scale * one.metric(metric) for one in found],
        "-",
        color=look.colour,
        marker=look.marker,
        markersize=4.5,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        markevery=max(1, len(found) // 12),
        linewidth=1.5,
    )


def _bound(axes: Axes, shown: list[ConfigurationSummary]) -> None:
    """A run that blew up must not flatten the others."""
    runs = [run for one in shown for run in one.runs]
    values = [step.loss for run in runs for step in run.steps]
    values += [one.loss for run in runs for one in _validations(run)]
    finite = [value for value in values if math.isfinite(value)]
    axes.set_xlim(left=0)
    if finite:
        usual = float(np.percentile(finite, 98))
        axes.set_ylim(0, 1.08 * (max(finite) if max(finite) < 2 * usual else 1.3 * usual))


def _legend(figure: Figure, summary: Summary, shown: list[ConfigurationSummary], dashed: bool) -> None:
    from matplotlib.lines import Line2D

    found = looks(summary.configurations)
    handles = [handle(found[one.id]) for one in shown]
    texts = [label(one.name) for one in shown]
    if dashed:
        handles += [Line2D([], [], color=MUTED), Line2D([], [], color=MUTED, linestyle="--", linewidth=0.9)]
        texts += ["validation", "training"]
    outside_legend(figure, handles, texts)
