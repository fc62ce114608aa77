"""A small study, a tracker that keeps what it is told, and what the study's database says it should have been told."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.runner.contract import Told
from tunefork import Head, LoRA, Results, Study, load_data
from tunefork.runner import STUDY
from tunefork.store import RunRecord, SqliteStore, StudyRecord
from tunefork.trackers import Key, Point, Tracker, follow

TRAINING = {"epochs": 2, "batch_size": 16, "precision": "fp32", "log_every": 2, "eval_every": 5}
COMPARE = (Head(), LoRA(rank=2, targets="query+value", learning_rate=1e-2))


def study(model: Path, data: Path, trackers: Any, **settings: Any) -> Study:
    given = {"compare": list(COMPARE), "training": TRAINING, "name": "tracked", "save_every": "2 steps", **settings}
    return Study(model=str(model), data=load_data(data, max_length=24), trackers=trackers, **given)


def expected(folder: Path) -> dict[str, dict[Key, float]]:
    """Every number that a finished study has of each run, read from its database without the code under test."""
    found: dict[str, dict[Key, float]] = {}
    store = SqliteStore.open(folder)
    for run in store.runs():
        told: dict[Key, float] = {}
        for step in store.steps(run.id):
            told[Key("train/loss", step.step)] = step.loss
            told[Key("train/learning_rate", step.step)] = step.learning_rate
        for each in store.evaluations(run.id):
            metrics = {"loss": each.loss, "accuracy": each.accuracy, "macro_f1": each.macro_f1, **each.scores}
            for name, value in metrics.items():
                if math.isfinite(value):
                    told[Key(f"{each.split}/{name}", each.step)] = value
                    if each.step == run.best_step:
                        told[Key(f"final/{each.split}/{name}", run.steps)] = value
        last = {
            "steps": run.steps, "best_step": run.best_step, "seconds": run.seconds, "latency_ms": run.latency_ms,
            "peak_memory_mb": run.peak_memory_mb, "parameters": run.counts.total,
            "trainable_parameters": run.counts.trainable,
        }  # fmt: skip
        found[run.id] = told | {Key(f"final/{name}", run.steps): float(value) for name, value in last.items()}
    store.close()
    return found


class Hearing(Told):
    """A watcher that keeps what it is told of the study as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.of_study: list[str] = []
        self.ended_at = self.told_at = 0.0

    def tell(self, group: int, text: str) -> None:
        if group == STUDY:
            self.of_study.append(text)
            self.told_at = time.monotonic()

    def end(self) -> None:
        super().end()
        self.ended_at = time.monotonic()


class Listing:
    """A tracker that keeps every call, and what it has of each run."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.points: dict[str, list[tuple[Key, float]]] = {}
        self.ends: dict[str, str] = {}

    def begin_study(self, study: StudyRecord) -> None:
        self.calls.append("begin_study")

    def begin_run(self, run: RunRecord) -> Iterable[Key]:
        self.calls.append("begin_run")
        return [key for key, _ in self.points.setdefault(run.id, [])]

    def tell(self, run: RunRecord, points: Sequence[Point]) -> None:
        self.calls.append("tell")
        self.points[run.id] += [(point.key, point.value) for point in points]

    def end_run(self, run: RunRecord) -> None:
        self.calls.append("end_run")
        self.ends[run.id] = run.status

    def end_study(self, study: StudyRecord) -> None:
        self.calls.append("end_study")

    def close(self) -> None:
        self.calls.append("close")


def instead(monkeypatch: pytest.MonkeyPatch, tracker: Tracker, limit: float = 10.0, look: float = 0.05) -> None:
    """Whatever a study chooses, this tracker is told."""
    import tunefork.study.sitting
    import tunefork.trackers.following as module

    def limited(*arguments: Any) -> Any:
        return follow(*arguments, limit=limit)

    monkeypatch.setattr(module, "load_tracker", lambda _: lambda *_: tracker)
    monkeypatch.setattr(module, "LOOK", look)
    monkeypatch.setattr(tunefork.study.sitting, "follow", limited)


def statuses(results: Results) -> Mapping[str, str]:
    return {run.id: run.status for run in results.store.runs()}


def of_trackers(results: Results) -> list[str]:
    """The study's warnings of trackers."""
    return [each for each in results.store.study().warnings if each.startswith("tracker ")]
