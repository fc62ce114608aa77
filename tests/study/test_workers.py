"""How many groups train at a time: chosen by measurement, kept, replayed; a wish stands above it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.study.test_grouping import TRAINING, study
from tunefork import Full, LoRA, Study, load_data
from tunefork.config import RunConfig
from tunefork.engine import compute_threads
from tunefork.plan import StepTiming
from tunefork.runner import Places
from tunefork.study import grouping, workers
from tunefork.study.choices import Choices
from tunefork.study.workers import choose_workers


def timing(monkeypatch: pytest.MonkeyPatch, seconds: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Steps take what we say, by runs and threads; returns what was asked for."""
    asked: list[tuple[int, int]] = []

    def timed(_backbone: object, runs: list[object], *_: object) -> StepTiming:
        asked.append((len(runs), torch.get_num_threads()))
        return StepTiming(seconds[asked[-1]], 0.001)

    monkeypatch.setattr(grouping, "timed", timed)
    monkeypatch.setattr(grouping, "FEWEST_STEPS", 1)
    monkeypatch.setattr(workers, "STARTUP", 0.0)
    return asked


def arranged(made: Study, count: int | None = None) -> tuple[int, int, list[int]]:
    with compute_threads(2):
        plan = made.plan(timings=False, workers=count)
    return plan.workers, plan.threads, [len(group.runs) for group in plan.groups]


def test_two_at_a_time_where_that_is_faster(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing(monkeypatch, {(4, 2): 0.2, (2, 1): 0.12, (1, 1): 0.08})
    assert arranged(study(tiny_folder, messages_csv)) == (2, 1, [2, 2, 4]), "the heads stay together"
    asked = timing(monkeypatch, {(4, 2): 0.2, (2, 1): 0.19, (1, 2): 0.1})
    assert arranged(study(tiny_folder, messages_csv)) == (1, 2, [4, 4]), "two workers gain less than their share"
    assert asked[:2] == [(4, 2), (2, 1)]


def test_a_wish_is_not_measured(tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = timing(monkeypatch, {(2, 1): 0.12, (1, 1): 0.08})
    assert arranged(study(tiny_folder, messages_csv), 2) == (2, 1, [2, 2, 4])
    assert asked == [(2, 1), (1, 1), (1, 1)], "only what sharing needs"


def test_the_choice_is_replayed_within_what_the_machine_has(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = timing(monkeypatch, {(2, 1): 0.12, (4, 3): 0.2, (1, 1): 0.08, (1, 3): 0.08})
    made = study(tiny_folder, messages_csv)
    with compute_threads(2):
        plan = made._plan(timings=False, chosen=Choices(workers=8, threads=1), workers=None)
        assert (plan.workers, plan.threads) == (2, 1), "eight workers were chosen on another machine"
        plan = made._plan(timings=False, chosen=Choices(workers=2, threads=3), workers=None)
        assert (plan.workers, plan.threads) == (1, 3), "the threads stay, since they decide the order of sums"
    assert {threads for _, threads in asked} == {1, 3}


def test_memory_bounds_the_workers(tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timing(monkeypatch, {(4, 2): 0.2, (2, 1): 0.12, (1, 2): 0.1})
    monkeypatch.setattr(grouping, "available_bytes", lambda device: 1600 * 2**20)
    assert arranged(study(tiny_folder, messages_csv))[0] == 1


def test_short_studies_are_not_worth_a_start() -> None:
    assert choose_workers(2, 2, {1: 100.0, 2: 53.0}.__getitem__) == 2
    assert choose_workers(2, 2, {1: 16.0, 2: 8.4}.__getitem__) == 1, "16 s alone, 8.4 s and the start together"


def test_all_kinds_of_runs_have_a_say(tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters that share a pass gain nothing from a second worker, full fine-tunings twice as much."""
    adapters = {(4, 2): 0.2, (2, 1): 0.2, (1, 1): 0.12, (1, 2): 0.1}
    timing(monkeypatch, adapters)
    assert arranged(study(tiny_folder, messages_csv))[0] == 1
    asked: list[tuple[str, int]] = []

    def timed(_backbone: object, runs: list[RunConfig], *_: object) -> StepTiming:
        kind, threads = runs[0].strategy.kind, torch.get_num_threads()
        asked.append((kind, threads))
        return StepTiming(0.5 if kind == "full" else adapters[len(runs), threads], 0.001)

    monkeypatch.setattr(grouping, "timed", timed)
    compare = [Full(learning_rate=[1e-4, 2e-4]), LoRA(rank=[2, 4], targets="query+value", learning_rate=1e-2)]
    data = load_data(messages_csv, max_length=48)
    mixed = Study(model=str(tiny_folder), data=data, compare=compare, seeds=2, training=TRAINING)
    assert arranged(mixed)[0] == 2
    assert asked.count(("full", 2)) == 1, "one full fine-tuning stands for the others"


def test_a_plan_says_it(tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timing(monkeypatch, {(4, 2): 0.2, (2, 1): 0.12, (1, 1): 0.08, (1, 2): 0.08})
    with compute_threads(2):
        text = str(study(tiny_folder, messages_csv).plan(timings=False))
        lone = str(study(tiny_folder, messages_csv).plan(timings=False, workers=1))
    assert "trained in 3 passes, 2 at a time with 1 thread each\n" in text
    assert "passes, one after another\n" in lone


def test_a_cluster_says_what_it_has_room_for(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machines are not this one; what was measured here in the beginning does not count there."""
    timing(monkeypatch, {(2, 1): 0.12, (4, 3): 0.2, (1, 1): 0.08, (1, 3): 0.08})
    made = study(tiny_folder, messages_csv)
    with compute_threads(2):
        plan = made._plan(False, Choices(), None, Places(16, 3))
        assert (plan.workers, plan.threads) == (16, 3)
        plan = made._plan(False, Choices(workers=2, threads=1), None, Places(16, 3))
        assert (plan.workers, plan.threads) == (16, 3)
        assert made._plan(False, Choices(), 4, Places(16, 3)).workers == 4
