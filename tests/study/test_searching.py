"""A study that looks for its settings, from beginning to end."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.tiny import messages
from tunefork import Head, LastLayers
from tunefork.counts import Counts
from tunefork.data import load_data
from tunefork.errors import StoreError
from tunefork.search import Request
from tunefork.store import EvaluationRecord, Predictions, RunRecord, SqliteStore, Status
from tunefork.study import Study
from tunefork.study.searching import _Trainer, _waits


@pytest.fixture
def frame() -> pd.DataFrame:
    intents = sorted({intent for _, intent in messages()})[:3]
    return pd.DataFrame([row for row in messages() if row[1] in intents][:150], columns=["text", "label"])


def study(frame: pd.DataFrame, search: dict[str, object], **settings: object) -> Study:
    training = {"epochs": 4, "batch_size": 16, "max_grad_norm": 1.0, "precision": "fp32"}
    return Study(
        "builtin:minilm", load_data(frame, max_length=16), compare=[Head(), LastLayers()], seeds=2, training=training,
        search={"method": "random", "trials": 4, **search}, **settings,
    )  # fmt: skip


def test_it_chooses_on_validation_and_tests_once_with_fresh_seeds(frame: pd.DataFrame, tmp_path: Path) -> None:
    results = study(frame, {}).run(tmp_path / "s", progress=False, workers=1)
    trials = results.store.trials()
    assert [each.number for each in trials if each.name == "head"] == [0, 1, 2, 3]
    assert {each.status for each in trials} == {"done"}
    for name in ("head", "last layer"):
        own = [each for each in trials if each.name == name]
        chosen = [each for each in own if each.chosen]
        assert [each.value for each in chosen] == [min(each.value or 9.0 for each in own)]
        runs = [run for run in results.store.runs() if run.name.startswith(name)]
        assert sorted(run.seed for run in runs) == [0, 1]
        assert {run.config["strategy"]["learning_rate"] for run in runs} == {chosen[0].settings["learning_rate"]}
    inner = SqliteStore.open(tmp_path / "s" / "search")
    assert {run.seed for run in inner.runs()} == {1000}
    assert all(inner.evaluations(run.id, "test") == [] for run in inner.runs())
    assert inner.study().rows.keys() == {"train", "validation"}
    assert not list((tmp_path / "s" / "search" / "runs").glob("*/*.safetensors"))


def test_halving_changes_nobody_s_trajectory(frame: pd.DataFrame, tmp_path: Path) -> None:
    study(frame, {}).run(tmp_path / "whole", progress=False, workers=1)
    study(frame, {"halving": 2}).run(tmp_path / "halved", progress=False, workers=1)
    whole, halved = (SqliteStore.open(tmp_path / name / "search") for name in ("whole", "halved"))
    longest = {}
    for run in halved.runs():
        theirs = [each.loss for each in whole.evaluations(run.id, "validation")]
        ours = [each.loss for each in halved.evaluations(run.id, "validation")]
        assert ours == pytest.approx(theirs[: len(ours)], rel=1e-6)
        longest[run.id] = len(ours)
    assert sorted(longest.values()) == [1, 1, 1, 1, 2, 2, 4, 4]
    assert not list((tmp_path / "halved" / "search" / "paused").iterdir())
    statuses = [each.status for each in SqliteStore.open(tmp_path / "halved").trials()]
    assert sorted(statuses) == ["done"] * 2 + ["eliminated"] * 6


def test_a_finished_search_is_not_made_again(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = study(frame, {"trials": 2}).run(tmp_path / "s", progress=False, workers=1)
    before = [replace(each, seconds=0.0) for each in first.store.trials()]
    monkeypatch.setattr("tunefork.study.conduct.LocalRunner.execute", None)
    again = study(frame, {"trials": 2}).run(tmp_path / "s", progress=False, workers=1)
    assert [replace(each, seconds=0.0) for each in again.store.trials()] == before


def test_trials_on_other_data_are_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    study(frame, {"trials": 1}).run(tmp_path / "s", progress=False, workers=1)
    store = SqliteStore(tmp_path / "s" / "search")
    store.begin(replace(store.study(), data_hash="0" * 64))
    store.close()
    with pytest.raises(StoreError, match=r"The search in this folder was made on other data"):
        study(frame, {"trials": 1}).run(tmp_path / "s", progress=False, workers=1)


@pytest.mark.parametrize(
    ("status", "steps", "until", "waits", "told"),
    [
        ("planned", 12, 6, True, "stopped"),
        ("running", 0, 6, True, "stopped"),
        ("paused", 6, 6, False, "done"),
        ("running", 6, 6, False, "done"),  # cut off on its way to the next rung
        ("running", 6, 12, True, "stopped"),
        ("paused", 6, 12, True, "done"),
        ("diverged", 6, 6, False, "diverged"),
        ("diverged", 8, 6, False, "done"),  # it did so behind the rung
        ("failed", 0, 6, False, "failed"),
        ("failed", 6, 6, False, "done"),
        ("failed", 6, 12, False, "failed"),
        ("stopped", 8, 6, False, "done"),
        ("stopped", 8, 12, True, "stopped"),
        ("done", 4, 6, False, "done"),
        ("done", 12, 6, False, "done"),
    ],
)
def test_a_rung_is_looked_at_again_as_it_was(
    status: Status, steps: int, until: int, waits: bool, told: str, tmp_path: Path
) -> None:
    """A search that was cut off in a later rung comes to the same conclusions about the earlier ones."""
    store = SqliteStore(tmp_path)
    record = RunRecord("r", "c", "head", "head", 0, {}, Counts(0, 1, 0, 2, 2), status=status, steps=steps)
    store.put_run(record)
    for step, loss in ((3, 0.7), (6, 0.6), (9, 0.5), (12, 0.4)):
        answers = Predictions(("a", "b"), np.array([0, 1]), np.zeros((2, 2), dtype=np.float32))
        store.add_evaluation(EvaluationRecord("r", step, 1.0, "validation", loss, 0.5, 0.5, 0.5, 0.1), answers)
    request = Request(None, None, until)  # type: ignore[arg-type]
    assert _waits(record, request) is waits
    trainer = _Trainer.__new__(_Trainer)
    trainer._store, trainer._metric = store, "loss"
    trainer._material = SimpleNamespace(lower={"loss"})  # type: ignore[assignment]
    score = trainer._score("r", until)
    if not (status == "paused" and until == 12):  # is never asked: it waits
        assert score.status == told
    if told == "done" and score.status == "done":
        assert score.value == {6: 0.6, 12: 0.4}[until]
    asked = replace(record, status="stopped", on_demand=True, steps=0 if status == "planned" else steps, reason="asked")
    store.put_run(asked)  # as one that failed: not trained again, and without a value
    assert not _waits(asked, request)
    score = trainer._score("r", until)
    if asked.steps <= until:
        assert (score.status, score.reason, math.isnan(score.value)) == ("stopped", "asked", True)
    else:
        assert (score.status, score.value) == ("done", {6: 0.6, 12: 0.4}[until])
