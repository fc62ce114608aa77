"""Learning curves: the mean and the range over seeds, in panels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.report import studies
from tests.report.studies import S0, lora, make, run_id
from tests.report.test_figures import thirty
from tunefork.report import summarise
from tunefork.report.figures.curves import accuracy, band, caption, loss
from tunefork.report.figures.panels import TOGETHER, Panel, panels
from tunefork.report.summary import Summary
from tunefork.store import StepRecord, Store


def shown(store: Store, what: Callable[[Summary, Panel], Figure | None]) -> Axes:
    """The first panel of a study."""
    summary = summarise(store)
    figure = what(summary, panels(summary)[0])
    assert figure is not None
    return figure.axes[0]


def test_the_band_goes_from_the_lowest_to_the_highest_seed_where_all_have_trained() -> None:
    curves = [(np.array([1.0, 2, 3]), np.array([4.0, 2, 1])), (np.array([1.0, 2]), np.array([2.0, 8]))]
    found = band(curves)
    assert found.steps.tolist() == [1, 2]
    assert found.mean.tolist() == [3, 5]
    assert (found.low.tolist(), found.high.tolist()) == ([2, 2], [4, 8])
    assert len(band([]).steps) == 0
    assert len(band([curves[0], (np.array([9.0]), np.array([1.0]))]).steps) == 0


def test_the_drawn_line_is_the_mean_of_the_seeds_validation(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=3)
    axes = shown(store, accuracy)
    runs = [store.evaluations(run_id(S0[0], seed), "validation") for seed in range(3)]
    values = 100 * np.array([[one.accuracy for one in run] for run in runs])
    thin, mean = axes.get_lines()[:3], axes.get_lines()[3]
    for line, own in zip(thin, values, strict=True):
        np.testing.assert_allclose(np.asarray(line.get_ydata()), own)
    np.testing.assert_allclose(np.asarray(mean.get_ydata()), values.mean(axis=0))
    (shade,) = axes.collections
    corners = shade.get_paths()[0].vertices
    assert np.asarray(corners)[:, 1].min() == pytest.approx(values.min(axis=0).min())
    assert np.asarray(corners)[:, 1].max() == pytest.approx(values.max(axis=0).max())


def test_a_seed_that_stopped_early_ends_the_mean_and_not_the_others(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=2)
    kept = store.evaluations(run_id(S0[0], 1), "validation")[:3]
    answers = store.predictions(run_id(S0[0], 1), "validation", kept[0].step)
    store.clear(run_id(S0[0], 1))
    for one in kept:
        store.add_evaluation(one, answers)
    first, second, mean = shown(store, accuracy).get_lines()
    assert [len(np.asarray(line.get_xdata())) for line in (first, second, mean)] == [6, 3, 3]


def test_runs_that_failed_are_thin_lines_and_not_in_the_mean(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=3)
    record = replace(store.run(run_id(S0[0], 2)), status="diverged")
    store.put_run(record)
    axes = shown(store, accuracy)
    done = [store.evaluations(run_id(S0[0], seed), "validation") for seed in range(2)]
    mean = np.mean([[100 * one.accuracy for one in run] for run in done], axis=0)
    np.testing.assert_allclose(np.asarray(axes.get_lines()[-1].get_ydata()), mean)
    assert len(axes.get_lines()) == 4


def test_training_is_dashed_and_validation_solid(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=2)
    lines = shown(store, loss).get_lines()
    assert [line.get_linestyle() for line in lines] == ["--", "-", "-", "-"]
    assert np.asarray(lines[3].get_xdata()).tolist() == [60, 120, 180, 240, 300, 360]
    losses = [[step.loss for step in store.steps(run_id(S0[0], seed))] for seed in range(2)]
    np.testing.assert_allclose(np.asarray(lines[0].get_ydata()), np.mean(losses, axis=0))


def test_a_run_that_blew_up_does_not_flatten_the_others(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    for step, value in ((10, 1e6), (20, math.nan), (30, math.inf)):
        store.add_step(StepRecord(run_id(S0[1], 0), step, 0.1, value, 1e-3, 0.0))
    assert shown(store, loss).get_ylim()[1] < 3


def test_without_validation_there_is_the_training_loss_alone(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path, S0[:1], seeds=2, validation=0))
    (panel,) = panels(summary)
    assert accuracy(summary, panel) is None
    lines = loss(summary, panel).axes[0].get_lines()
    assert [line.get_linestyle() for line in lines if len(np.asarray(line.get_xdata()))] == ["--"]


def test_blocks_are_panels(tmp_path: Path) -> None:
    found = panels(summarise(make(tmp_path, seeds=1)))
    assert [(panel.title, len(panel.configurations)) for panel in found] == [("methods", 3), ("rank", 3), ("layers", 3)]


def test_many_configurations_are_told_apart_panel_by_panel(tmp_path: Path) -> None:
    found = panels(summarise(make(tmp_path, thirty(), seeds=1)))
    targets = ("query", "query+value", "query+value+mlp", "query+key+value+output+mlp")
    assert [panel.title for panel in found] == ["", *(f"LoRA {names}" for names in targets)]
    assert [len(panel.configurations) for panel in found] == [2, 7, 7, 7, 7]
    many = [replace(lora(8, "query", 600_000 + n, 0.9), name=f"LoRA {n}") for n in range(TOGETHER + 1)]
    parts = panels(summarise(make(tmp_path, [replace(one, settings={}) for one in many], seeds=1)))
    assert [(panel.title, len(panel.configurations)) for panel in parts] == [("LoRA 1/2", 4), ("LoRA 2/2", 4)]


def test_few_configurations_share_one_panel_and_those_without_numbers_are_left_out(tmp_path: Path) -> None:
    plain = [replace(one, blocks=()) for one in S0[:3]]
    store = make(tmp_path, plain, seeds=1)
    studies.change(store, plain[0], 0, status="planned")
    (found,) = panels(summarise(store))
    assert [one.name for one in found.configurations] == [one.name for one in plain[1:]]
    assert found.title == ""


def test_the_caption_says_what_the_band_is(tmp_path: Path) -> None:
    assert "Band: from the lowest to the highest seed." in caption(summarise(make(tmp_path, S0[:2], seeds=2)))
    assert caption(summarise(make(tmp_path / "one", S0[:2], seeds=1))).startswith("One seed each.")
