"""A study with a wall-clock budget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.tiny import messages
from tunefork import Head, LastLayers
from tunefork.data import load_data
from tunefork.errors import ConfigError, StudyFileError
from tunefork.store import SqliteStore
from tunefork.study import Study
from tunefork.study_file import parse_study


def study(budget: str, **search: Any) -> Study:
    intents = sorted({intent for _, intent in messages()})[:3]
    frame = pd.DataFrame([row for row in messages() if row[1] in intents], columns=["text", "label"])
    training = {"epochs": 2, "precision": "fp32"}
    return Study(
        "builtin:minilm", load_data(frame, max_length=16), compare=[Head(), LastLayers()], seeds=2, training=training,
        search={"time": budget, **search},
    )  # fmt: skip


@pytest.mark.slow
def test_it_stops_in_time_with_a_model_and_goes_on_no_further(tmp_path: Path) -> None:
    began = time.time()
    results = study("60s").run(tmp_path / "s", progress=False, workers=1)
    assert time.time() - began < 66
    assert results.best().folder.joinpath("tunefork.json").is_file()
    assert {run.record.status for run in results.runs()} == {"done"}
    assert {trial.name for trial in results.store.trials()} == {"head", "last layer"}
    notices = results.store.study().notices
    assert "the study had 60 s; every configuration got the same time for its trials" in notices
    inner = SqliteStore.open(tmp_path / "s" / "search")
    budget = inner.chosen("budget")
    assert budget["spent"] == pytest.approx(time.time() - began, abs=12)
    assert set(budget["allocation"]["trials"].values()) <= set(range(1, 17))
    assert budget["finals"]["train"] == results.store.study().rows["train"]
    before = [run.record for run in results.runs()]
    again = study("60s").run(tmp_path / "s", progress=False, workers=1)
    assert [run.record for run in again.runs()][: len(before)] == before


def test_a_budget_that_getting_ready_uses_up_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunefork.study.timed.TimedStudy._costs", lambda self: time.sleep(0.6) or {})
    with pytest.raises(ConfigError) as caught:
        study("1s").run(tmp_path / "s", progress=False, workers=1)
    assert "The time is too short for this study on this machine (search.time)" in str(caught.value)
    assert "Give it at least 1m, or compare fewer configurations." in str(caught.value)


def test_the_time_decides_how_long_a_training_is() -> None:
    with pytest.raises(StudyFileError, match=r"search\.time decides how long a training is"):
        parse_study("data: a.csv\ncompare: [full]\nsearch: {time: 1m, space: {training: {epochs: [1, 2]}}}")
