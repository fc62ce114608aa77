"""Every route: what it answers, and what it refuses."""

from __future__ import annotations

import fcntl
import json
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.digest import digest
from tests.page.made import STUDY, ask, finished, run, step, streamed, told
from tests.report.studies import keep_texts
from tunefork.errors import DataError, StoreError
from tunefork.page import events
from tunefork.page.app import Desk
from tunefork.page.documents import POLICY
from tunefork.page.finding import identity
from tunefork.page.playground import Playground, Said
from tunefork.report import write_report
from tunefork.store import SqliteStore


class Sure:
    """A model that is sure of everything it can read."""

    size = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def say(self, row: Any) -> Said:
        if row == (b"broken",) or row == b"broken":
            raise DataError("It is no picture", where="row 1", found="6 bytes")
        return Said("positive", (("negative", 0.123456), ("positive", 0.876544)), True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study in ``done``, its report beside it."""
    root = tmp_path_factory.mktemp("root")
    store = finished(root / "done", name="sst2")
    keep_texts(store)
    (store.folder / "study.yaml").write_text("data: {train: some/where/reviews.csv}\n")
    write_report(store)
    for record in store.runs():
        facts = {"task": "text-classification", "text": ["text"], "labels": ["negative", "positive"]}
        (store.run_folder(record.id) / "tunefork.json").write_text(json.dumps(facts))
    store.close()
    return root


@pytest.fixture
def desk(root: Path) -> Desk:
    return Desk(root, Playground(Sure))


@pytest.fixture
def study(root: Path) -> str:
    return f"/api/studies/{identity(root / 'done')}"


@pytest.fixture
def first(root: Path) -> str:
    """The first run's id."""
    store = SqliteStore.open(root / "done")
    try:
        return store.runs()[0].id
    finally:
        store.close()


def test_the_list(desk: Desk, root: Path) -> None:
    (line,) = ask(desk, "GET", "/api/studies").json()["studies"]
    assert line.pop("changed") > 0
    assert line == {
        "id": identity(root / "done"), "place": "done", "name": "sst2", "model": "distilbert/distilbert-base-uncased",
        "task": "text-classification", "problem": "single_label", "labels": ["negative", "positive"],
        "rows": {"train": 5760, "validation": 100, "test": 200}, "data": "reviews.csv", "error": "",
        "state": "finished", "total": 3, "done": 3, "ended": 3, "broken": 0, "trials": 0, "best": line["best"],
    }  # fmt: skip
    assert (line["best"]["name"], line["best"]["metric"]) == ("full", "accuracy")


def test_what_has_no_model_is_not_the_best(tmp_path: Path) -> None:
    store = finished(tmp_path)
    store.put_run(replace(store.runs()[0], status="stopped", reason="on demand"))
    store.close()
    (line,) = ask(Desk(tmp_path), "GET", "/api/studies").json()["studies"]
    assert (line["best"]["name"], line["done"], line["ended"]) == ("LoRA r=8 query+value+mlp", 2, 3)


def test_the_list_of_an_empty_folder(tmp_path: Path) -> None:
    assert ask(Desk(tmp_path), "GET", "/api/studies").json() == {"root": tmp_path.name, "studies": []}


def test_a_study_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    finished(tmp_path / "good").close()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "study.db").write_text("this is no database" * 100)
    lines = {line["place"]: line for line in ask(Desk(tmp_path), "GET", "/api/studies").json()["studies"]}
    assert (lines["good"]["state"], lines["bad"]["state"]) == ("finished", "unreadable")
    assert "file is not a database" in lines["bad"]["error"]


def test_a_state_changes_although_no_file_does(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.begin(STUDY)
    store.put_run(run())
    desk = Desk(tmp_path)
    with (tmp_path / "study.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write('{"pid": 1}')
        held.flush()
        assert ask(desk, "GET", "/api/studies").json()["studies"][0]["state"] == "running"
        assert ask(desk, "GET", "/api/studies").json()["studies"][0]["state"] == "running"
    assert ask(desk, "GET", "/api/studies").json()["studies"][0]["state"] == "interrupted"
    store.close()


def test_one_study(desk: Desk, study: str) -> None:
    found = ask(desk, "GET", study).json()
    assert (found["study"]["name"], found["state"], len(found["runs"]), found["report"]) == (
        "sst2",
        "finished",
        3,
        True,
    )
    assert {len(curve["loss"]) for curve in found["curves"]} == {36}
    assert {len(curve["validation"]) for curve in found["curves"]} == {6}


def test_events_begin_with_the_whole_and_go_on_with_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK", 0.02)
    store, one = SqliteStore(tmp_path), run(status="running", steps=0)
    store.begin(STUDY)
    store.put_run(one)
    plain, steps = events._look, iter(range(1, 100))

    def recording(follower: Any) -> Any:
        found = plain(follower)
        store.add_step(step(one, next(steps)))
        return found

    monkeypatch.setattr(events, "_look", recording)
    desk = Desk(tmp_path)
    told = streamed(desk, f"/api/studies/{identity(tmp_path)}/events", 3)
    assert [kind for kind, _ in told[:3]] == ["whole", "fresh", "fresh"]
    assert [each["curves"][0]["loss"] for _, each in told[1:3]] == [[[1, 0.5]], [[2, 0.5]]]
    store.close()


def test_events_end_with_the_server(root: Path, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK", 0.02)
    desk = Desk(root)
    desk.end()
    assert streamed(desk, f"{study}/events", 1) == []


def test_events_say_that_a_study_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK", 0.02)
    finished(tmp_path / "a").close()
    desk = Desk(tmp_path)
    plain = events._look

    def removing(follower: Any) -> Any:
        found = plain(follower)
        (tmp_path / "a" / "study.db").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(events, "_look", removing)
    told = streamed(desk, f"/api/studies/{identity(tmp_path / 'a')}/events", 2)
    assert [kind for kind, _ in told] == ["whole", "gone"]
    assert told[1][1]["what"] == "The study was removed"


def test_results(desk: Desk, study: str) -> None:
    found = ask(desk, "GET", f"{study}/results").json()
    assert found["sentences"][0].startswith("full is best by validation loss")
    assert found["figures"][0]["name"] == "scores"


def test_figures_and_nothing_else_are_pictures(desk: Desk, study: str) -> None:
    answer = ask(desk, "GET", f"{study}/figures/scores.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    for name in ("nothing", "..%2Freport", "%2e%2e%2f%2e%2e%2fstudy"):
        assert ask(desk, "GET", f"{study}/figures/{name}.svg").status_code == 404


def test_the_report_is_kept_apart(desk: Desk, root: Path, study: str) -> None:
    answer = ask(desk, "GET", f"{study.removeprefix('/api')}/report.html")
    assert digest(answer.content) == digest((root / "done" / "report.html").read_bytes())
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    hashed = policy.split("script-src ")[1].split(";")[0]
    assert hashed.startswith("'sha256-")
    assert hashed in answer.text  # the same script that the report itself allows


def test_no_report_yet(tmp_path: Path) -> None:
    finished(tmp_path).close()
    answer = ask(Desk(tmp_path), "GET", f"/studies/{identity(tmp_path)}/report.html")
    assert told(answer).startswith("404 The study has no report yet (). Found: . Run: tunefork report")


@pytest.mark.parametrize("path", ["/", "/studies/{}", "/studies/{}/playground"])
def test_pages_have_no_text_of_a_study_and_a_strict_policy(desk: Desk, study: str, path: str) -> None:
    answer = ask(desk, "GET", path.format(study.rpartition("/")[2]))
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "sst2" not in answer.text
    assert "<script>" not in answer.text
    assert " style=" not in answer.text


def test_files_of_the_page(desk: Desk) -> None:
    kinds = {"/palette.css": "text/css", "/static/page.css": "text/css", "/static/study.js": "javascript",
             "/static/icon.svg": "image/svg+xml"}  # fmt: skip
    for path, kind in kinds.items():
        answer = ask(desk, "GET", path)
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
    assert ask(desk, "GET", "/static/../app.py").status_code == 404
    assert ask(desk, "GET", "/static/%2e%2e/app.py").status_code == 404
    assert ask(desk, "GET", "/docs").status_code == ask(desk, "GET", "/openapi.json").status_code == 404


@pytest.mark.parametrize("path", ["", "/events", "/results", "/playground", "/figures/scores.svg"])
@pytest.mark.parametrize("name", ["nobody", "..", "%2Fetc", "0" * 12])
def test_an_unknown_study(desk: Desk, name: str, path: str) -> None:
    answer = ask(desk, "GET", f"/api/studies/{name}{path}")
    assert answer.status_code == 404


def test_an_unknown_study_is_told(desk: Desk) -> None:
    assert told(ask(desk, "GET", "/api/studies/nobody")) == (
        "404 There is no such study (). Found: 'nobody'. The page's list has all."
    )
    assert ask(desk, "GET", "/studies/nobody").status_code == 404


def test_which_models_can_be_asked(desk: Desk, study: str, first: str) -> None:
    found = ask(desk, "GET", f"{study}/playground").json()
    assert (found["images"], found["columns"], found["problem"]) == (False, ["text"], "single_label")
    assert [each["name"] for each in found["runs"]] == ["full", "head", "LoRA r=8 query+value+mlp"]
    assert found["runs"][0] == {"id": first, "name": "full", "seed": 0, "place": 0, "best": True, "loaded": False}
    assert len(found["examples"]) == 4
    ask(desk, "POST", f"{study}/runs/{first}/text", json={"texts": ["so it goes"]})
    assert ask(desk, "GET", f"{study}/playground").json()["runs"][0]["loaded"]


def test_an_answer(desk: Desk, study: str, first: str) -> None:
    answer = ask(desk, "POST", f"{study}/runs/{first}/text", json={"texts": ["so it goes"]}).json()
    assert answer.pop("loading") >= 0
    assert answer.pop("answering") >= 0
    assert answer == {
        "answer": "positive",
        "chances": [{"label": "negative", "share": 0.12346}, {"label": "positive", "share": 0.87654}],
        "calibrated": True,
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"texts": ["a", "b"]}, "422 The model reads 1 text (texts). Found: 2. Give text."),
        ({"texts": [" "]}, "422 The text is empty (texts.0). Found: . Write something."),
        ({"texts": []}, "422 List should have at least 1 item after validation, not 0 (texts). Found: []. "),
        ({"texts": [5]}, "422 Input should be a valid string (texts.0). Found: 5. "),
        ({}, "422 Field required (texts). Found: . "),
    ],
)
def test_texts_that_cannot_be_asked(desk: Desk, study: str, first: str, body: Any, message: str) -> None:
    assert told(ask(desk, "POST", f"{study}/runs/{first}/text", json=body)) == message


def test_a_text_that_is_too_long_and_a_body_that_is_too_large(desk: Desk, study: str, first: str) -> None:
    answer = ask(desk, "POST", f"{study}/runs/{first}/text", json={"texts": ["x" * 50_001]})
    assert told(answer).startswith("422 String should have at most 50000 characters (texts.0).")
    answer = ask(desk, "POST", f"{study}/runs/{first}/image", content=b"x" * (2**23 + 1))
    assert told(answer) == "413 The request is too large (body). Found: . Send at most 8,388,608 bytes."


def test_a_picture_for_a_model_of_texts(desk: Desk, study: str, first: str) -> None:
    answer = ask(desk, "POST", f"{study}/runs/{first}/image", content=b"x")
    assert told(answer) == "422 The model reads texts (body). Found: a picture. "


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    store = finished(tmp_path)
    record = store.runs()[0]
    (store.run_folder(record.id) / "tunefork.json").write_text('{"task": "image-classification", "image": "image"}')
    store.close()
    path = f"/api/studies/{identity(tmp_path)}/runs/{record.id}/image"
    desk = Desk(tmp_path, Playground(Sure))
    assert ask(desk, "POST", path, content=b"fine").json()["answer"] == "positive"
    assert told(ask(desk, "POST", path, content=b"broken")) == "422 It is no picture (body). Found: 6 bytes. "


def test_runs_that_cannot_be_asked(tmp_path: Path) -> None:
    store = finished(tmp_path)
    done, other, _ = store.runs()
    store.put_run(replace(other, status="failed", reason="why"))
    store.close()
    desk, study = Desk(tmp_path, Playground(Sure)), f"/api/studies/{identity(tmp_path)}"
    question = {"json": {"texts": ["x"]}}
    assert told(ask(desk, "POST", f"{study}/runs/{other.id}/text", **question)) == (
        f"422 The run has no model ({other.id}). Found: failed. Ask one that has finished."
    )
    assert told(ask(desk, "POST", f"{study}/runs/{done.id}/text", **question)).startswith("422 The run's model is gone")
    assert told(ask(desk, "POST", f"{study}/runs/ful/text", **question)).startswith("404 There is no run 'ful'")
    assert ask(desk, "POST", f"{study}/runs/..%2F..%2Fetc/text", **question).status_code == 404
    assert ask(desk, "GET", f"{study}/playground").json()["runs"] == []


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, tuple[str, ...]]]:
    """What was asked to stop, instead of stopping it."""
    asked: list[tuple[Path, tuple[str, ...]]] = []

    def stop(folder: Path, runs: Any = ()) -> None:
        if len(asked) == 2:
            raise StoreError("Nobody is at work in this folder", where=str(folder))
        asked.append((folder, tuple(runs)))

    module = types.ModuleType("tunefork.study.stopping")
    module.stop = stop  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tunefork.study.stopping", module)
    return asked


def test_a_run_and_the_study_are_asked_to_stop(
    desk: Desk, root: Path, study: str, first: str, stops: list[tuple[Path, tuple[str, ...]]]
) -> None:
    assert ask(desk, "POST", f"{study}/runs/{first}/stop", json={}).json() == {"status": "asked"}
    assert ask(desk, "POST", f"{study}/stop", json={}).json() == {"status": "asked"}
    assert stops == [(root / "done", (first,)), (root / "done", ())]
    assert told(ask(desk, "POST", f"{study}/stop")).startswith("422 Nobody is at work in this folder")
    assert ask(desk, "POST", f"{study}/runs/nobody/stop").status_code == 404
    assert ask(desk, "GET", f"{study}/stop").status_code == 405


def test_another_page_may_not_ask(desk: Desk, study: str, stops: list[Any]) -> None:
    answer = ask(desk, "POST", f"{study}/stop", headers={"origin": "http://evil.example"})
    assert (answer.status_code, stops) == (403, [])
    assert answer.headers["content-security-policy"] == POLICY


def test_too_many_questions(desk: Desk, study: str, first: str) -> None:
    desk.worker._waiting = 32
    answer = ask(desk, "POST", f"{study}/runs/{first}/text", json={"texts": ["x"]})
    assert told(answer) == "429 The page is busy (). Found: 32 questions are waiting. Try again soon."
    assert answer.headers["retry-after"] == "1"


def test_health(desk: Desk) -> None:
    assert ask(desk, "GET", "/healthz").json() == {"status": "ok"}
