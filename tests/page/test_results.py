from __future__ import annotations

from pathlib import Path

import pytest

from tests.page.made import STUDY, finished
from tests.report.problem_studies import numbers, several_labels
from tests.report.studies import S0, change
from tunefork.errors import StoreError
from tunefork.page import results as module
from tunefork.page.figures import figure, figures
from tunefork.page.results import ResultsShelf
from tunefork.report import summarise, table, to_json, verdict, write_report
from tunefork.store import SqliteStore


def test_it_says_what_the_report_says(tmp_path: Path) -> None:
    store = finished(tmp_path, S0, seeds=2)
    found, document = ResultsShelf().of(tmp_path), to_json(store)
    said = verdict(summarise(store))
    assert found["sentences"] == list(said.sentences)
    assert found["recommended"] == document["verdict"]["recommended"]
    assert found["warnings"] == document["warnings"]
    assert [block["title"] for block in found["table"]["blocks"]] == ["methods", "rank", "layers", "for comparison"]
    assert found["table"]["blocks"][0]["rows"][0]["cells"] == table(summarise(store)).blocks[0].rows[0].cells
    by_name = {one["name"]: one for one in document["configurations"]}
    for row in found["scores"]["rows"]:
        assert row["value"] == pytest.approx(100 * by_name[row["name"]]["mean"], rel=1e-4)
        assert row["low"] == pytest.approx(100 * by_name[row["name"]]["interval"][0], rel=1e-4)
    assert [row["best"] for row in found["scores"]["rows"]].count(True) == 1
    for row in found["differences"]["rows"]:
        against = by_name[row["name"]]["against_best"]
        assert row["value"] == pytest.approx(100 * against["difference"], rel=1e-3)
        assert row["outcome"] == against["outcome"]
    assert len(found["differences"]["rows"]) == len(S0) - 1
    assert found["best"]["name"] == document["verdict"]["best"]
    store.close()


def test_results_are_computed_anew_only_when_a_run_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, calls = finished(tmp_path), []
    monkeypatch.setattr(module, "summarise", lambda store: calls.append(1) or summarise(store))
    shelf = ResultsShelf()
    first = shelf.of(tmp_path)
    assert shelf.of(tmp_path) == first
    assert len(calls) == 1
    change(store, S0[1], 0, status="failed", reason="no reason")
    second = shelf.of(tmp_path)
    assert (len(calls), second["results"] != first["results"]) == (2, True)
    assert "1 of 3" not in second["sentences"][0]
    assert any("head" in note and "failed" in note for note in second["table"]["notes"])
    store.close()


def test_an_unfinished_study_has_what_is_there(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    assert ResultsShelf().of(tmp_path)["begun"] is False
    store.begin(STUDY)
    found = ResultsShelf().of(tmp_path)
    assert (found["sentences"], found["scores"], found["best"]) == (["The study has no runs yet."], None, None)
    store.close()


@pytest.mark.parametrize("make", [several_labels, numbers])
def test_other_problems_have_their_own_metric(tmp_path: Path, make: object) -> None:
    store = make(tmp_path)  # type: ignore[operator]
    found = module._results(store, tmp_path)
    axis = {"multi_label": "test micro F1 (%", "regression": "test R² (× 100"}[store.study().problem]
    assert found["scores"]["axis"].startswith(axis)
    assert len(found["scores"]["rows"]) == 3


def test_figures_follow_light_and_dark(tmp_path: Path) -> None:
    assert figures(tmp_path) == []
    store = finished(tmp_path)
    write_report(store)
    store.close()
    (tmp_path / "figures" / "evil.svg").write_text("<svg/>")
    names = [each["name"] for each in figures(tmp_path)]
    assert names[:2] == ["scores", "differences"]
    assert "evil" not in names
    for name in ("evil", "../report", "rank"):  # not ours, elsewhere, ours but not there
        with pytest.raises(StoreError, match="The study has no such figure"):
            figure(tmp_path, name)
    drawn = figure(tmp_path, "scores")
    assert "prefers-color-scheme: dark" in drawn
    assert "var(--ink)" in drawn
    assert "#1b2330" not in drawn.partition("</style>")[2]
