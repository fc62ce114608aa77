"""Nothing that a smoke run leaves behind can be taken for a result."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.studies import make
from tunefork.report import csv_text, markdown_table, rich_table, summarise, to_json, verdict
from tunefork.report.figures import draw

SAID = "SMOKE RUN: made-up rows, a tiny model; these numbers mean nothing. Metrics on the test split"


def test_tables_say_it_above_their_numbers(tmp_path: Path) -> None:
    summary = summarise(made := make(tmp_path, made_up=True))
    assert markdown_table(made).startswith(SAID)
    console = Console(width=110, record=True, file=io.StringIO())
    console.print(rich_table(summary))
    assert " ".join(console.export_text().split()).startswith(SAID)
    rows = list(csv.DictReader(io.StringIO(csv_text(summary))))
    assert next(iter(rows[0])) == "made_up"
    assert {row["made_up"] for row in rows} == {"true"}
    assert to_json(made)["made_up"] is True


def test_figures_say_it_across_their_marks(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path, made_up=True))
    drawings = draw(summary, verdict(summary))
    assert len(drawings) > 5
    assert all("smoke run" in [text.get_text() for text in each.figure.texts] for each in drawings)


@pytest.mark.parametrize("made_up", [{}, {"made_up": False}])
def test_real_studies_say_nothing_of_the_kind(tmp_path: Path, made_up: dict[str, bool]) -> None:
    store = make(tmp_path, **made_up)
    summary = summarise(store)
    assert markdown_table(store).startswith("Metrics on the test split")
    assert csv_text(summary).startswith("id,")
    assert to_json(store)["made_up"] is False
    assert not any(
        "smoke run" in [text.get_text() for text in each.figure.texts] for each in draw(summary, verdict(summary))
    )
