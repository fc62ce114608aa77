"""A study that looks for its settings, from beginning to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.tiny import messages
from tunefork import Head, LastLayers
from tunefork.data import load_data
from tunefork.errors import StoreError
from tunefork.store import SqliteStore
from tunefork.study import Study


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
    monkeypatch.setattr("tunefork.study.conduct.LocalRunner", None)
    again = study(frame, {"trials": 2}).run(tmp_path / "s", progress=False, workers=1)
    assert [replace(each, seconds=0.0) for each in again.store.trials()] == before


def test_trials_on_other_data_are_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    study(frame, {"trials": 1}).run(tmp_path / "s", progress=False, workers=1)
    store = SqliteStore(tmp_path / "s" / "search")
    store.begin(replace(store.study(), data_hash="0" * 64))
    store.close()
    with pytest.raises(StoreError, match=r"The search in this folder was made on other data"):
        study(frame, {"trials": 1}).run(tmp_path / "s", progress=False, workers=1)
