"""Learning curves: the mean over seeds of every configuration and the range of its seeds, in small multiples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunefork.config import HEADLINE
from tunefork.report.figures.panels import Panel, validations
from tunefork.report.figures.style import PAPER, bottom_legend, handle, label, looks, mark, numbers, sheet
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import SHARES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 150
"""Of a training curve: what can be seen at this width."""
SINGLE = 20
"""Runs in one set of axes up to which each has a thin line of its own."""
DEEPEST = -0.5
"""As far down as an R² is drawn: what training begins with may lie far below, and would flatten the rest."""
Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Band:
    """The curves of one configuration's seeds."""

    seeds: tuple[Curve, ...]
    """Each seed's steps and values."""
    steps: NDArray[np.float64]
    """Those that every finished seed has."""
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def loss(summary: Summary, panel: Panel) -> Figure:
    """Validation loss (solid, with its band) and training loss (dashed)."""
    figure, axes = sheet(_title("Loss", panel))
    for one, thin in _shown(panel):
        _dashed(axes, summary, one)
        _band(axes, summary, one, "loss", 1.0, thin)
    squared = summary.study.problem == "regression"
    axes.set(xlabel="optimizer step", ylabel="mean squared error" if squared else "loss (nats)")
    _bound(axes, panel)
    _legend(figure, summary, panel)
    return figure


def accuracy(summary: Summary, panel: Panel) -> Figure | None:
    """Validation accuracy, or the headline of another problem, with its band; None without validation."""
    if not any(validations(run) for one in panel.configurations for run in one.runs):
        return None
    metric = HEADLINE[summary.study.problem]
    name, share = summary.units.name(metric), metric in SHARES
    figure, axes = sheet(_title(f"Validation {name}", panel))
    for one, thin in _shown(panel):
        _band(axes, summary, one, metric, 100.0 if share else 1.0, thin)
    axes.set(xlabel="optimizer step", ylabel=f"{name} (%)" if share else name)
    axes.set_xlim(left=0)
    if not share and axes.get_ylim()[0] < DEEPEST:
        axes.set_ylim(bottom=DEEPEST)
    _legend(figure, summary, panel)
    return figure


def caption(summary: Summary) -> str:
    """How to read the curves."""
    if max((len(one.runs) for one in summary.configurations), default=1) < 2:
        return "One seed each. Solid: validation. Dashed: training loss. Each figure has its own scale."
    return (
        "Solid: validation, mean over seeds, as far as all of them trained. Band: from the lowest to the highest seed. "
        "Thin lines, where there are few: single seeds. Dashed: training loss, mean over seeds. "
        "Each figure has its own scale."
    )


def band(curves: Sequence[Curve], seeds: Sequence[Curve] | None = None) -> Band:
    """The mean and the range of curves, over the steps that all of them have.

    Args:
        curves: steps and values of every finished seed.
        seeds: what is shown of single seeds, where that is more; ``curves`` unless given.
    """
    steps: NDArray[np.float64] = reduce(np.intersect1d, [each[0] for each in curves]) if curves else np.array([])
    values = np.array([own[np.isin(found, steps)] for found, own in curves]).reshape(len(curves), len(steps))
    if not len(steps):
        return Band(tuple(curves if seeds is None else seeds), steps, steps, steps, steps)
    return Band(
        tuple(curves if seeds is None else seeds), steps, values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    )


def _shown(panel: Panel) -> list[tuple[ConfigurationSummary, bool]]:
    """The configurations of a panel, and whether their seeds get lines of their own."""
    few = sum(len(one.runs) for one in panel.configurations) <= SINGLE
    return [(one, few) for one in panel.configurations]


def _band(axes: Axes, summary: Summary, one: ConfigurationSummary, metric: str, scale: float, thin: bool) -> None:
    look, number = looks(summary.configurations)[one.id], numbers(summary)[one.id]
    every = {run.record.id: _validation(run, metric, scale) for run in one.runs if validations(run)}
    done = [every[run.record.id] for run in one.done if run.record.id in every]
    found = band(done, list(every.values()))
    if len(found.seeds) > 1 and (thin or not done):
        for steps, values in found.seeds:
            mark(axes.plot(steps, values, color=look.colour, linewidth=0.6, alpha=0.45, zorder=2), number)
    if len(done) > 1:
        mark(axes.fill_between(found.steps, found.low, found.high, color=look.colour, alpha=0.16, linewidth=0), number)
    steps, mean = found.steps, found.mean
    if not done and len(found.seeds) == 1:
        steps, mean = found.seeds[0]
    line = axes.plot(
        steps,
        mean,
        color=look.colour,
        marker=look.marker,
        markersize=4.5,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        markevery=max(1, len(steps) // 12),
        linewidth=1.5,
        zorder=3,
    )
    mark(line, number)


def _dashed(axes: Axes, summary: Summary, one: ConfigurationSummary) -> None:
    """The mean training loss over the seeds; of neighbouring records where there are more of them than can be seen."""
    curves = [_training(run) for run in one.done if run.steps] or [_training(run) for run in one.runs if run.steps]
    if not curves:
        return
    found = band(curves)
    parts = np.array_split(np.arange(len(found.steps)), max(1, min(POINTS, len(found.steps))))
    line = axes.plot(
        [found.steps[part][-1] for part in parts if len(part)],
        [found.mean[part].mean() for part in parts if len(part)],
        color=looks(summary.configurations)[one.id].colour,
        linestyle="--",
        linewidth=0.8,
        alpha=0.55,
        zorder=1.5,
    )
    mark(line, numbers(summary)[one.id])


def _validation(run: RunSummary, metric: str, scale: float) -> Curve:
    found = validations(run)
    return (
        np.array([one.step for one in found], dtype=float),
        np.array([scale * one.metric(metric) for one in found], dtype=float),
    )


def _training(run: RunSummary) -> Curve:
    return (
        np.array([step.step for step in run.steps], dtype=float),
        np.array([step.loss for step in run.steps], dtype=float),
    )


def _title(what: str, panel: Panel) -> str:
    return f"{what}: {panel.title}" if panel.title else what


def _bound(axes: Axes, panel: Panel) -> None:
    """A run that blew up must not flatten the others."""
    runs = [run for one in panel.configurations for run in one.runs]
    values = [step.loss for run in runs for step in run.steps]
    values += [one.loss for run in runs for one in validations(run)]
    finite = [value for value in values if math.isfinite(value)]
    axes.set_xlim(left=0)
    if finite:
        usual = float(np.percentile(finite, 98))
        axes.set_ylim(0, 1.08 * (max(finite) if max(finite) < 2 * usual else 1.3 * usual))


def _legend(figure: Figure, summary: Summary, panel: Panel) -> None:
    found = looks(summary.configurations)
    handles = [handle(found[one.id]) for one in panel.configurations]
    texts = [label(one.name, 48) for one in panel.configurations]
    bottom_legend(figure, handles, texts)
