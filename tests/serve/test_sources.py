"""Which models are served, and by which names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork import Results
from tunefork.errors import ConfigError, ModelNotFoundError
from tunefork.serve import Source, find_sources


def test_a_study_is_its_best_run(intents: Results) -> None:
    best = intents.best().record.id
    assert find_sources([str(intents.folder)]) == (Source("intents", intents.folder / "runs" / best, best),)
    assert find_sources([f"shop={intents.folder}"])[0].id == "shop"


def test_all_runs_are_called_by_their_ids(intents: Results) -> None:
    ids = [run.record.id for run in intents.runs()]
    assert [each.id for each in find_sources([str(intents.folder)], every=True)] == ids
    run = intents.runs()[0].folder
    named = find_sources([f"shop={intents.folder}", str(run)], every=True)
    assert [each.id for each in named] == [*(f"shop.{each}" for each in ids), run.name]
    assert named[-1] == Source(run.name, run, "")


def test_two_of_one_name(intents: Results) -> None:
    with pytest.raises(ConfigError) as error:
        find_sources([str(intents.folder), str(intents.folder)])
    assert str(error.value).startswith("Two models are called 'intents'. Found: ")
    assert str(error.value).endswith("Name them: intents-2=DIR.")


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"There is no trained model .*no tunefork.json and no study.db"):
        find_sources([str(tmp_path)])
