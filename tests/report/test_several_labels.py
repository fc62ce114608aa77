"""Reports on rows with several labels: what is judged, told, shown and left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.special import expit
from sklearn.metrics import f1_score, log_loss, multilabel_confusion_matrix, roc_auc_score

from tests.report import studies
from tests.report.problem_studies import EMOTIONS, FULL, HEAD, LORA, answer, baseline, several_labels
from tests.report.studies import run_id
from tests.report.test_figures import drawn, overlapping
from tests.report.test_html import Page, page
from tunefork.config import Judging
from tunefork.report import (
    as_markdown,
    csv_text,
    galleries,
    rich_table,
    run_rows,
    step_table,
    summarise,
    to_json,
    verdict,
)
from tunefork.report.disagreements import disagreements
from tunefork.report.mistaken_labels import row_losses
from tunefork.report.tables import table
from tunefork.report.wording import number, percent
from tunefork.store import Predictions, Store
from tunefork.uncertainty import mcnemar

WRONG = {"full": slice(10), "head": slice(80), LORA.name: slice(6, 24)}
"""Rows of which one label is wrong."""


def missing(labels: np.ndarray, rows: slice) -> np.ndarray:
    """Logits that are right but for one label, which is turned over in some rows."""
    said = np.where(labels > 0, 2.0, -2.0)
    said[rows, 0] *= -1
    return said


def told_apart(folder: Path, wrong: dict[str, slice], **changes: object) -> Store:
    """One seed each; validation prefers full."""
    store = several_labels(folder, seeds=1, rows=200, **changes)
    for one in (FULL, HEAD, LORA):
        labels = store.predictions(run_id(one, 0), "test").labels
        answer(store, one, 0, missing(labels, wrong[one.name]))
    return store


def test_the_sentences_of_a_study(tmp_path: Path) -> None:
    store = told_apart(tmp_path, WRONG)
    summary = summarise(store)
    assert summary.judged_by == "micro_f1"
    labels = store.predictions(run_id(FULL, 0), "test").labels
    micro = {
        one.name: f1_score(labels, store.predictions(run_id(one, 0), "test").predicted, average="micro")
        for one in (FULL, HEAD, LORA)
    }
    found = verdict(summary)
    first, recommended, worse, undecided, _, saved = found.sentences
    assert first.startswith("full is best by validation loss (0.")
    assert f"; on the 200 test rows its micro F1 is {percent(micro['full'], 1)} % (95 % interval " in first
    assert recommended.startswith("Recommended: full (66,955,010 trainable parameters, 100.00 % of the model); ")
    assert recommended.endswith("nothing smaller is within 1 point.")
    assert worse.startswith(f"Worse than full: head by {100 * (micro['full'] - micro['head']):.1f} points (95 % ")
    gap = 100 * (micro["full"] - micro[LORA.name])
    assert undecided.startswith(f"This data cannot decide between full and {LORA.name} (−{gap:.1f} points, 95 % ")
    assert saved == (
        "The saved model to take (full, seed 0) has all labels right on 95.0 % of the test rows (91.0 to 97.3 %), and "
        "is told apart from the saved head (McNemar's test)."
    )
    right = {name: ~np.isin(np.arange(200), np.arange(200)[rows]) for name, rows in WRONG.items()}
    assert {one.name: one.p_value for one in found.saved} == {
        "full": 1.0,
        "head": 2 * mcnemar(right["full"], right["head"]),
        LORA.name: mcnemar(right["full"], right[LORA.name]),
    }


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1", "weighted_f1", "auroc", "accuracy"])
def test_verdicts_judge_by_the_metric_that_chose(tmp_path: Path, metric: str) -> None:
    store = several_labels(tmp_path, selection_metric=metric)
    summary = summarise(store)
    assert summary.judged_by == metric
    for one in summary.configurations:
        values = []
        for run in one.runs:
            given = store.predictions(run.record.id, "test")
            values.append(
                {
                    "auroc": lambda g: roc_auc_score(g.labels, g.logits),
                    "accuracy": lambda g: (g.predicted == g.labels).all(axis=1).mean(),
                }.get(metric, lambda g: f1_score(g.labels, g.predicted, average=metric.removesuffix("_f1")))(given)
            )
        estimate, spread = one.estimate(metric), one.spread("test", metric)
        assert estimate is not None
        assert spread is not None
        assert estimate.value == pytest.approx(np.mean(values), abs=1e-9)
        assert spread.mean == pytest.approx(np.mean(values), abs=1e-9)
        assert estimate.interval.low < estimate.value < estimate.interval.high
    found = verdict(summary)
    assert {one.name: one.outcome for one in found.comparisons}["head"] == "worse"
    name = {"accuracy": "whole-row accuracy", "auroc": "AUROC"}.get(metric, metric.replace("_f1", " F1"))
    assert found.sentences[0].startswith(f"full is best by validation {name} (")
    assert f" test rows its {name} is " in found.sentences[0]
    columns = table(summary).columns
    heading = {"accuracy": "all right %", "auroc": "AUROC"}.get(metric, f"{name} %")
    assert columns[columns.index(heading) + 1] == "95 % interval"
    assert columns.count("95 % interval") == 1
    assert to_json(store)["verdict"]["metric"] == metric


def test_a_label_that_no_test_row_has_leaves_auroc_unknown(tmp_path: Path) -> None:
    store = several_labels(tmp_path, selection_metric="auroc")
    for run in store.runs():
        (test,) = store.evaluations(run.id, "test")
        given = store.predictions(run.id, "test")
        store.add_evaluation(test, replace(given, labels=given.labels * np.array([1, 1, 1, 0], dtype=np.int8)))
    found = verdict(summarise(store))
    assert found.judgement is not None
    assert found.judgement.summary.judged_by == "micro_f1"
    assert (
        "AUROC is not known on these test rows, where a label is in no row or in all, so the verdict compares micro F1."
    ) in found.warnings


def test_tables(tmp_path: Path) -> None:
    store = several_labels(tmp_path)
    summary = summarise(store)
    wide, narrow = table(summary), table(summary, wide=False)
    assert wide.columns == (
        *("run", "trainable", "% of total", "loss", "all right %", "micro F1 %", "95 % interval", "macro F1 %"),
        *("weighted F1 %", "AUROC", "time", "memory", "fewer parameters %", "of full's micro F1 %"),
    )
    assert narrow.columns[3:] == ("all right %", "micro F1 %", "macro F1 %", "time", "memory")
    head = summary.configurations[1]
    cells = dict(zip(wide.columns, wide.blocks[0].rows[1].cells))
    spread, estimate, loss = head.spread("test", "micro_f1"), head.estimate("micro_f1"), head.spread("test", "loss")
    assert spread is not None
    assert estimate is not None
    assert loss is not None
    assert cells["micro F1 %"] == f"{percent(spread.mean)} ± {percent(spread.deviation)}"
    assert cells["95 % interval"] == f"{percent(estimate.interval.low, 1)} to {percent(estimate.interval.high, 1)}"
    assert cells["loss"] == number(loss.mean)
    full = summary.configurations[0].spread("test", "micro_f1")
    assert full is not None
    assert cells["of full's micro F1 %"] == f"{100 * spread.mean / full.mean:.2f}"
    rows = [dict(zip(wide.columns, row.cells)) for row in wide.blocks[-1].rows]
    assert [row["run"] for row in rows] == ["before training", "most frequent answer per label"]
    assert rows[1]["micro F1 %"] == "0.00"
    assert rows[1]["all right %"] == percent(summary.study.majority["accuracy"])
    assert all(len(row.cells) == len(wide.columns) for block in wide.blocks for row in block.rows)
    assert "F1 |" not in as_markdown(wide).splitlines()[2], "there is no positive class"


@pytest.mark.parametrize("metric", ["loss", "auroc", "weighted_f1", "macro_f1"])
def test_the_terminal_s_table_fits_in_100_columns(tmp_path: Path, metric: str) -> None:
    console = Console(width=100, record=True)
    many = (FULL, HEAD, studies.lora(128, "query+key+value+output+mlp (lr=0.0005)", 12_345_678, 0.9))
    console.print(rich_table(summarise(several_labels(tmp_path, many, selection_metric=metric))))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert max(len(line) for line in lines) <= 100
    assert "…" not in "".join(lines)


def test_a_run_s_course(tmp_path: Path) -> None:
    store = several_labels(tmp_path, seeds=1)
    course = step_table(summarise(store).runs[0])
    assert course.columns[2:] == ("training loss", "validation loss", "all right %", "micro F1 %", "macro F1 %")
    first = store.evaluations(run_id(FULL, 0), "validation")[0]
    assert course.blocks[0].rows[0].cells[3:] == (
        number(first.loss),
        percent(first.accuracy),
        percent(first.scores["micro_f1"]),
        percent(first.macro_f1),
    )


def test_what_programs_read(tmp_path: Path) -> None:
    store = several_labels(tmp_path)
    document = json.loads(json.dumps(to_json(store), allow_nan=False))
    assert document["problem"] == "multi_label"
    run = document["runs"][0]
    (test,) = store.evaluations(run["id"], "test")
    assert (run["accuracy"], run["f1"], run["micro_f1"]) == (test.accuracy, None, test.scores["micro_f1"])
    assert run["metrics"]["test"]["auroc"] == test.scores["auroc"]
    assert "mcc" not in run["metrics"]["test"]
    assert run["calibration"] is None
    given = store.predictions(run["id"], "test")
    assert [each["label"] for each in run["per_class"]] == list(EMOTIONS)
    assert run["per_class"][2]["f1"] == pytest.approx(f1_score(given.labels[:, 2], given.predicted[:, 2]))
    assert "of_full_micro_f1_percent" in document["configurations"][1]
    saved = document["saved"][0]
    assert saved["run"] == document["best"]
    assert saved["accuracy"] == pytest.approx(store.predictions(saved["run"], "test").correct.mean())
    (row, *_) = run_rows(summarise(store))
    assert (row["test_micro_f1"], row["test_f1"], row["temperature"]) == (test.scores["micro_f1"], None, None)
    assert "test_micro_f1" in csv_text(summarise(store)).splitlines()[0]


def test_baselines_and_floors(tmp_path: Path) -> None:
    store = told_apart(tmp_path, WRONG | {"head": slice(150)}, baseline={"micro_f1": 0.69, "loss": 0.5})
    labels = store.predictions(run_id(FULL, 0), "test").labels
    baseline(store, "TF-IDF", missing(labels, slice(60)))
    found = verdict(summarise(store))
    micro = f1_score(labels, missing(labels, slice(60)) > 0, average="micro")
    (said,) = (each for each in found.sentences if "TF-IDF" in each)
    assert said.startswith(f"full beats TF-IDF (micro F1 {percent(micro, 1)} %): +")
    low = summarise(store).configurations[1].estimate("micro_f1")
    assert low is not None
    assert low.interval.low < 0.69
    assert "Not shown to beat the model before training (micro F1 69.0 %): head." in found.warnings
    assert not [each for each in found.warnings if "most frequent answer" in each]
    (single,) = (each for each in found.warnings if each.startswith("Each configuration has one seed"))
    assert "Another seed may move the micro F1 by more" in single


def test_mistakes_are_sets_of_labels_with_the_highest_loss_first(tmp_path: Path) -> None:
    store = several_labels(tmp_path, seeds=2)
    summary = summarise(store)
    found = store.predictions(str(summary.best), "test")
    losses = [log_loss(true, said, labels=[0, 1]) for true, said in zip(found.labels, expit(found.logits), strict=True)]
    np.testing.assert_allclose(row_losses(found), losses, rtol=1e-5)
    made = galleries(store, summary)
    rows = [found.ids.index(mistake.id) for mistake in made[0].mistakes]
    wrong = np.flatnonzero((found.predicted != found.labels).any(axis=1))
    assert rows == sorted(wrong.tolist(), key=lambda row: -losses[row])[:12]
    for row, mistake in zip(rows, made[0].mistakes):
        sides = [
            " + ".join(name for name, has in zip(EMOTIONS, side[row]) if has) or "none"
            for side in (found.labels, found.predicted)
        ]
        assert (mistake.true, mistake.predicted, mistake.told) == (*sides, f"loss {losses[row]:.2f}")
    counts = multilabel_confusion_matrix(found.labels, found.predicted)
    kinds = [
        (int(of), f"{name} {what}: {of} of {of + hit}")
        for name, ((_, wrongly), (missed, hit)) in zip(EMOTIONS, counts)
        for of, what in ((missed, "missed"), (wrongly, "given wrongly"))
    ]
    assert [gallery.title for gallery in made[1:-1]] == [
        title for _, title in sorted(kinds, key=lambda kind: -kind[0])[:6]
    ]
    every = np.all([~store.predictions(run.record.id, "test").correct for run in summary.runs], axis=0)
    assert made[-1].title == f"Wrong in every one of the finished runs: {every.sum()} of 600"


def test_strategies_disagree_where_one_has_all_labels_right(tmp_path: Path) -> None:
    store = several_labels(tmp_path, (FULL, HEAD), seeds=2, rows=3)
    labels = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=np.int8)
    right = np.where(labels > 0, 2.0, -2.0)
    unsure = right.copy()
    unsure[0, 1] = 1.0  # a vote for fear, less sure than the other seed's against it
    wrong = right.copy()
    wrong[1, 1] *= -1
    wrong[2, 3] *= -1
    for one, seed, said in ((FULL, 0, right), (FULL, 1, unsure), (HEAD, 0, wrong), (HEAD, 1, wrong)):
        (test,) = store.evaluations(run_id(one, seed), "test")
        store.add_evaluation(test, Predictions(("a", "b", "c"), labels, said.astype(np.float32)))
    (found,) = disagreements(store, summarise(store))
    # full: 1, 2 and 2 of 2 seeds have all labels right; head: 2, 0 and 0
    assert (found.both, found.only_first, found.only_second, found.neither) == (0, 2, 1, 0)
    (row,) = found.for_second
    assert (row.id, row.label, row.first.answer, row.first.right, row.second.right) == ("a", "joy", "joy", 1, 2)
    assert {(row.label, row.first.answer, row.second.answer) for row in found.for_first} == {
        ("joy + fear", "joy + fear", "joy"),
        ("none", "none", "trust"),
    }


def test_the_page(tmp_path: Path) -> None:
    store = several_labels(tmp_path, seeds=2)
    text = page(store)
    content = Page(text)
    assert content.open == []
    assert len(content.ids) == len(set(content.ids))
    assert content.texts.count("Per label, on test") == content.texts.count("Answers per label, on test") == 6
    assert 'id="calibration"' not in text
    assert "Confusion matrix, on test" not in content.texts
    assert "the labels of a row, the labels that it was given, and the loss of that answer." in text
    assert "Right means that all labels of a row are." in text
    assert "whole-row accuracy" in content.texts, "what it means stands in How to read this"
    given = store.predictions(run_id(FULL, 0), "test")
    ((free, wrongly), (missed, hit)) = multilabel_confusion_matrix(given.labels, given.predicted)[0]
    place = content.texts.index("Answers per label, on test")
    row = content.texts[content.texts.index("joy", place) :][:5]
    assert row == ["joy", *(str(count) for count in (hit, wrongly, missed, free))]


def test_figures(tmp_path: Path) -> None:
    grid = [studies.lora(rank, targets, 592_130 + rank, 0.88) for rank in (2, 8) for targets in ("query", "value")]
    found = drawn(several_labels(tmp_path, (FULL, HEAD, *grid)))
    assert list(found) == [
        *("scores", "differences", "tradeoff", "tradeoff-time", "tradeoff-memory", "parameters"),
        *("rank", "rank-targets", "targets", "loss", "micro-f1"),
    ]
    assert found["scores"].alt == "Bars of micro F1 and macro F1 of every configuration"
    assert found["scores"].figure.axes[0].get_title(loc="left") == "Micro F1 and macro F1 on test"
    assert found["micro-f1"].figure.axes[0].get_ylabel() == "micro F1 (%)"
    assert found["tradeoff"].figure.axes[0].get_ylabel() == "micro F1 (%, 95 % interval)"
    assert [name for name, drawing in found.items() if overlapping(drawing)] == []


def test_limits_and_margins_are_in_points(tmp_path: Path) -> None:
    store = told_apart(tmp_path, WRONG)
    found = verdict(summarise(store, Judging(margin=3)))
    assert found.judgement is not None
    assert found.judgement.margin == pytest.approx(0.03)
    assert f"Recommended: {LORA.name} (" in found.sentences[1]
    assert ", the smallest within 3 points; " in found.sentences[1]


def test_a_study_without_test_rows(tmp_path: Path) -> None:
    summary = summarise(several_labels(tmp_path, rows=0))
    assert summary.split == "validation"
    assert verdict(summary).sentences[0].endswith("so its micro F1 on new data is not known.")
    assert "micro F1 %" in table(summary).columns
