from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.report import studies
from tests.report.studies import S0, lora, make, run_id
from tunefork.report import as_markdown, as_rich, csv_text, markdown_table, rich_table, run_rows, step_table, summarise
from tunefork.report.tables import table
from tunefork.store import StepRecord


def lines(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_one_table_in_three_blocks(tmp_path: Path) -> None:
    rows = lines(markdown_table(make(tmp_path)))
    assert rows[0] == [
        *("run", "trainable", "% of total", "loss", "accuracy %", "95 % interval", "macro F1", "F1"),
        *("time", "memory"),
        *("fewer parameters %", "of full's accuracy %"),
    ]
    assert [row[0] for row in rows[2:]] == [
        "**methods**",
        "**★ full**",
        "head",
        "LoRA r=8 query+value+mlp",
        "**rank**",
        "LoRA r=8 query+value+mlp",
        "LoRA r=2 query+value+mlp",
        "LoRA r=32 query+value+mlp",
        "**layers**",
        "LoRA r=8 query+value+mlp",
        "LoRA r=8 query+value",
        "LoRA r=8 query+key+value+output+mlp",
        "**for comparison**",
        "before training",
        "majority class",
    ]
    assert rows[5] == rows[7] == rows[11]
    assert rows[4][1:3] == ["592,130", "0.88"]
    assert rows[4][8:11] == ["9.0 s", "480 MB", "99.12"]
    assert rows[-1] == ["majority class", "–", "–", "0.6931", "51.00", "–", "34.00", "–", "–", "–", "–", "–"]


def test_cells_are_means_and_spreads_over_seeds(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path))
    spread = summary.configurations[1].spread("test", "accuracy")
    accuracy = summary.configurations[1].accuracy
    assert spread is not None
    assert accuracy is not None
    cells = table(summary).blocks[0].rows[1].cells
    assert cells[5] == f"{100 * accuracy.interval.low:.1f} to {100 * accuracy.interval.high:.1f}"
    assert cells[4] == f"{100 * spread.mean:.2f} ± {100 * (spread.deviation or 0):.2f}"
    assert table(summary).caption == "Metrics on the test split (872 rows); mean ± standard deviation over 3 seeds."


def test_one_seed_and_five_classes_without_blocks(tmp_path: Path) -> None:
    five = make(tmp_path, [replace(one, blocks=()) for one in S0], seeds=1, labels=tuple("abcde"))
    content = table(summarise(five))
    assert content.columns[3:8] == ("loss", "accuracy %", "95 % interval", "macro F1", "time")
    assert content.caption == "Metrics on the test split (872 rows), one seed each."
    assert [block.title for block in content.blocks] == ["", ""]
    assert "±" not in as_markdown(content)


def test_runs_that_broke_are_shown_with_their_reason(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:3])
    for seed in range(3):
        studies.change(store, S0[0], seed, status="diverged", reason="loss is nan at step 12")
    studies.change(store, S0[1], 1, status="failed", reason="out of memory")
    studies.change(store, S0[2], 0, converged=False)
    content = table(summarise(store))
    full, head, adapter = content.blocks[0].rows
    assert (full.kind, full.cells[0], full.cells[3:9]) == ("broken", "full (3 of 3 diverged)", ("–",) * 6)
    assert (head.kind, head.cells[0]) == ("plain", "head (1 of 3 failed)")
    assert (adapter.kind, adapter.cells[0]) == ("best", "★ LoRA r=8 query+value+mlp †")
    assert content.notes == (
        f"★ best by validation loss; its best run is {summarise(store).best}",
        "† not converged: the validation loss was still falling when training ended",
        *(f"full, seed {seed}: diverged: loss is nan at step 12" for seed in range(3)),
        "head, seed 1: failed: out of memory",
    )


def test_nothing_finished(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    studies.change(store, S0[0], 0, status="planned")
    content = table(summarise(store))
    assert content.caption == "Nothing has been evaluated yet."
    assert content.blocks[0].rows[0].cells[0] == "full (planned)"


def test_not_a_number_is_shown_as_unknown(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    (test,) = store.evaluations(run_id(S0[0], 0), "test")
    store.add_evaluation(replace(test, loss=math.nan), store.predictions(test.run, "test"))
    assert table(summarise(store)).blocks[0].rows[0].cells[3] == "–"
    assert run_rows(summarise(store))[0]["test_loss"] is None


def test_markdown_is_escaped(tmp_path: Path) -> None:
    odd = replace(S0[1], name="re:a|b* <script>", blocks=("x|y",))
    text = markdown_table(make(tmp_path, [odd], seeds=1))
    assert "| **★ re:a\\|b\\* &lt;script>** |" in text
    assert "| **x\\|y** |" in text


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_terminal_s_table_fits_in_100_columns(tmp_path: Path, seeds: int) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    many = (*S0, lora(128, "query+key+value+output+mlp (lr=0.0005, weight_decay=0.1)", 12_345_678, 0.9))
    console.print(rich_table(summarise(make(tmp_path, many, seeds=seeds))))
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "66,955,010" in text
    assert "2.5 min" in text
    assert "…" not in text


def test_the_terminal_takes_no_markup_from_names(tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(rich_table(summarise(make(tmp_path, [replace(S0[1], name="[red]x[/red]")], seeds=1))))
    assert "[red]x[/red]" in console.export_text()


def test_a_run_s_course(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    run = summarise(store).runs[0]
    course = step_table(run)
    assert course.columns == ("step", "epoch", "training loss", "validation loss", "accuracy %", "macro F1 %")
    rows = course.blocks[0].rows
    assert [row.cells[:2] for row in rows] == [(str(60 * n), f"{0.5 * n:.2f}") for n in range(1, 7)]
    first = store.evaluations(run.record.id, "validation")[0]
    losses = [step.loss for step in run.steps if step.step <= 60]
    assert rows[0].cells[2:] == (
        f"{sum(losses) / len(losses):.4f}",
        f"{first.loss:.4f}",
        f"{100 * first.accuracy:.2f}",
        f"{100 * first.macro_f1:.2f}",
    )
    assert [row.kind for row in rows].index("best") == (run.record.best_step or 0) // 60 - 1
    Console(file=io.StringIO()).print(as_rich(course))


def test_training_loss_weights_records_by_their_steps(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    identity = run_id(S0[0], 0)
    kept = store.evaluations(identity, "validation")[0]
    answers = store.predictions(identity, "validation", 60)
    store.clear(identity)
    for step, loss in ((10, 1.0), (40, 2.0), (70, 4.0)):
        store.add_step(StepRecord(identity, step, 0.1, loss, 1e-3, 0.0))
    store.add_evaluation(replace(kept, step=40), answers)
    store.add_evaluation(replace(kept, step=70), answers)
    rows = step_table(summarise(store).runs[0]).blocks[0].rows
    assert [row.cells[2] for row in rows] == ["1.7500", "4.0000"]


def test_a_course_without_validation_is_thinned(tmp_path: Path) -> None:
    run = summarise(make(tmp_path, S0[:1], seeds=1, validation=0)).runs[0]
    assert len(step_table(run, limit=10).blocks[0].rows) == 9
    assert step_table(run).blocks[0].rows[0].cells[3:] == ("–", "–", "–")


def test_csv_has_one_row_per_run(tmp_path: Path) -> None:
    store = make(tmp_path)
    rows = list(csv.DictReader(io.StringIO(csv_text(summarise(store)))))
    assert len(rows) == 21
    head = next(row for row in rows if row["name"] == "head" and row["seed"] == "1")
    test = store.evaluations(run_id(S0[1], 1), "test")[0]
    assert float(head["test_accuracy"]) == test.accuracy
    assert (head["trainable"], head["blocks"], head["converged"], head["best"]) == (
        "592130",
        "methods",
        "true",
        "false",
    )
    assert rows[6]["blocks"] == "methods; rank; layers"
    assert [row["best"] for row in rows].count("true") == 1


def test_csv_quotes_formulas_in_text_and_leaves_numbers_alone(tmp_path: Path) -> None:
    bad = ("=1+1", "+x", "-x", "@x", "plain")
    store = make(tmp_path, [replace(S0[1], name=name) for name in bad], seeds=1)
    for name in bad:
        studies.change(store, replace(S0[1], name=name), 0, peak_memory_mb=-1.5)
    rows = list(csv.DictReader(io.StringIO(csv_text(summarise(store)))))
    assert [row["name"] for row in rows] == ["'=1+1", "'+x", "'-x", "'@x", "plain"]
    assert rows[0]["peak_memory_mb"] == "-1.5"


def test_csv_of_an_empty_study(tmp_path: Path) -> None:
    assert csv_text(summarise(make(tmp_path, ()))) == "id\n"
