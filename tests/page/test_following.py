from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.page.made import STUDY, evaluate, finished, run, step
from tunefork.errors import StoreError
from tunefork.page.following import Follower, thinned
from tunefork.store import SqliteStore, StopWish
from tunefork.store.lease import lease


def news(follower: Follower, kind: str) -> Any:
    found = follower.look()
    assert found is not None
    assert found[0] == kind
    return found[1]


def test_a_reader_is_told_the_whole_and_then_only_what_is_new(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    follower = Follower(tmp_path)
    told = news(follower, "whole")  # rows and model are still being looked at
    assert (told["study"]["name"], told["study"]["begun"], told["runs"]) == (tmp_path.name, False, [])
    one, two = run("head"), run("lora")
    store.put_runs([one, two])
    store.begin(STUDY)
    with lease(tmp_path):
        told = news(follower, "whole")
        assert (told["study"]["name"], told["state"], told["leading"]) == ("reviews", "running", None)
        assert told["progress"] == {"done": 0, "steps": 40, "left": None}
        assert [each["id"] for each in told["study"]["metrics"]] == ["loss", "accuracy", "macro_f1"]
        assert follower.look() is None

        store.put_run(replace(one, status="running", steps=0))
        store.add_step(step(one, 5, 0.9))
        told = news(follower, "fresh")
        assert [(each["id"], each["status"], each["step"], each["steps"]) for each in told["runs"]] == [
            ("head-s0", "running", 5, 20)
        ]
        assert told["curves"] == [{"run": "head-s0", "anew": False, "loss": [[5, 0.9]], "validation": []}]
        assert told["progress"] == {"done": 5, "steps": 40, "left": 35.0}

        store.add_step(step(one, 10, float("nan")))
        evaluate(store, one, 10, 0.4, 0.75)
        told = news(follower, "fresh")
        assert told["curves"] == [
            {"run": "head-s0", "anew": False, "loss": [[10, None]], "validation": [[10, 0.4, 0.75, 0.75]]}
        ]
        assert (told["leading"], told["runs"][0]["score"]) == ("head-s0", "75.0 %")
        assert len(json.dumps(told)) < 1000
        assert "study" not in told
    assert news(follower, "fresh")["state"] == "interrupted"
    store.begin(replace(STUDY, warnings=("one rate for all",)))
    assert news(follower, "whole")["study"]["warnings"] == ["one rate for all"]
    store.close()
    follower.close()


def test_a_run_that_is_trained_again_is_told_anew(tmp_path: Path) -> None:
    store, one = SqliteStore(tmp_path), run(status="running", steps=0)
    store.begin(STUDY)
    store.put_run(one)
    for at in (1, 2, 3):
        store.add_step(step(one, at, 0.9))
    evaluate(store, one, 3, 0.5, 0.5)
    follower = Follower(tmp_path)
    news(follower, "whole")
    store.clear(one.id)
    store.add_step(step(one, 1, 0.8, seconds=0.1))
    (curve,) = news(follower, "fresh")["curves"]
    assert curve == {"run": one.id, "anew": True, "loss": [[1, 0.8]], "validation": []}
    store.clear(one.id)
    (curve,) = news(follower, "fresh")["curves"]
    assert (curve["anew"], curve["loss"]) == (True, [])
    store.close()
    follower.close()


def test_a_run_that_is_to_stop_is_told(tmp_path: Path) -> None:
    """By a wish that stands in the store, whoever asked, so that a page that comes later knows it too."""
    store, one, other = SqliteStore(tmp_path), run(status="planned", steps=0), run(seed=1, status="planned", steps=0)
    store.begin(STUDY)
    store.put_runs([one, other])
    follower = Follower(tmp_path)
    assert [each["asked"] for each in news(follower, "whole")["runs"]] == [False, False]
    store.put_wishes([StopWish(one.id, 1.0), StopWish("", 2.0)])
    assert [(each["id"], each["asked"]) for each in news(follower, "fresh")["runs"]] == [(one.id, True)]
    store.close()
    follower.close()


def test_an_end_is_told_once(tmp_path: Path) -> None:
    store, one = SqliteStore(tmp_path), run(status="running", steps=0)
    store.begin(STUDY)
    store.put_run(one)
    evaluate(store, one, 10, 0.4, 0.75)
    evaluate(store, one, 20, 0.5, 0.8)
    follower = Follower(tmp_path)
    assert news(follower, "whole")["runs"][0]["kept"]["step"] == 10  # the best loss so far
    store.put_run(replace(one, status="done", steps=20, best_step=20, seconds=9.0))
    told = news(follower, "fresh")
    assert (told["state"], told["count"]) == ("finished", {"total": 1, "done": 1, "ended": 1, "broken": 0})
    assert told["runs"][0]["kept"]["step"] == 20  # what was recorded goes before what seems best
    assert told["curves"] == []
    store.put_run(replace(one, status="melted", reason="nobody knows"))
    told = news(follower, "fresh")
    assert (told["state"], told["runs"][0]["status"]) == ("failed", "melted")
    assert told["leading"] is None  # it has no model
    store.close()
    follower.close()


def test_a_study_that_is_begun_again_in_its_folder_is_told_anew(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    finished(folder).close()
    follower = Follower(folder)
    assert len(news(follower, "whole")["runs"]) == 3
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="The study was removed"):
        follower.look()
    store = SqliteStore(folder)
    store.begin(STUDY)
    store.put_run(run())
    store.close()
    assert [each["id"] for each in news(follower, "whole")["runs"]] == ["head-s0"]
    follower.close()


def test_the_clock_of_a_sitting_counts(tmp_path: Path) -> None:
    store, one = SqliteStore(tmp_path), run(status="running", steps=0)
    store.begin(STUDY)
    store.put_run(one)
    for at, seconds in ((5, 500.0), (10, 1000.0), (12, 2.0), (14, 6.0)):  # cut off at 10, then much faster
        store.add_step(step(one, at, seconds=seconds))
    with lease(tmp_path):
        follower = Follower(tmp_path)
        assert news(follower, "whole")["progress"]["left"] == 6 * 2.0
    follower.close()
    store.close()


def test_long_curves_are_thinned_to_their_last_point() -> None:
    one = run()
    steps = [step(one, at) for at in range(1, 1002)]
    found = thinned(steps, most=100)
    assert len(found) <= 100
    assert (found[-1].step, found[1].step - found[0].step) == (1001, 11)
    assert list(thinned(steps[:3])) == steps[:3]
    assert list(thinned([])) == []
