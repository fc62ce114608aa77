from __future__ import annotations

import doctest
import importlib
import io
from pathlib import Path

import pytest
from rich.console import Console

import tunefork.report as report
from tests.report import studies
from tests.report.studies import S0, make
from tunefork.store import SqliteStore


def printed(store: object, width: int = 100) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    report.print_report(store, console)  # type: ignore[arg-type]
    return console.export_text()


def test_the_files_of_a_report(tmp_path: Path) -> None:
    store = make(tmp_path, store=SqliteStore(tmp_path))
    store.close()
    reader = SqliteStore.open(tmp_path)
    written = report.write_report(reader)
    reader.close()
    assert [str(path.relative_to(tmp_path)) for path in written[:3]] == ["report.html", "table.md", "table.csv"]
    assert len(written) == 3 + 2 * 16
    assert all(path.stat().st_size for path in written)
    assert {path.name for path in tmp_path.iterdir()} == {"study.db", "figures", "report.html", "table.md", "table.csv"}


def test_a_report_is_the_same_from_either_store(tmp_path: Path) -> None:
    kept = make(tmp_path / "a", S0[:2], store=SqliteStore(tmp_path / "a"))
    assert report.to_json(kept) == report.to_json(make(tmp_path / "b", S0[:2]))
    kept.close()


def test_what_is_printed(tmp_path: Path) -> None:
    store = make(tmp_path, warnings=("[bold]One rate[/bold] for all.",))
    studies.change(store, S0[3], 1, status="diverged", reason="loss is nan at step 12")
    text = printed(store)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 100
    order = [
        "Note: The column 'text' was taken for the text.",
        "★ full",
        "LoRA r=2 query+value+mlp, seed 1: diverged: loss is nan at step 12",
        "Warning: [bold]One rate[/bold] for all.",
        "full is best by validation loss",
        "Recommended: ",
        "Worse than full: ",
        "The saved model to take",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_a_study_without_runs_is_printed(tmp_path: Path) -> None:
    assert printed(make(tmp_path, ())).rstrip().endswith("The study has no runs yet.")


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(report.__all__) == report.__all__
    assert all(hasattr(report, name) for name in report.__all__)


@pytest.mark.parametrize("name", ["wording"])
def test_examples(name: str) -> None:
    module = importlib.import_module(f"tunefork.report.{name}")
    assert doctest.testmod(module).failed == 0
