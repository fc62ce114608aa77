"""Further metrics in tables, CSV, JSON and on the page; verdicts by them."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

from tests.report import studies
from tests.report.scored import COST, scored
from tests.report.studies import S0, lora, make, run_id
from tunefork.metrics import softmax
from tunefork.report import csv_text, rich_table, summarise, to_json, verdict
from tunefork.report.figures import draw
from tunefork.report.figures.heat_map import map_cells
from tunefork.report.html import html
from tunefork.report.judged import judged_axis
from tunefork.report.sections import Material
from tunefork.report.tables import table
from tunefork.report.wording import METRICS
from tunefork.store import BaselineRecord, EvaluationRecord, Store

OWN = {"missed": {"lower": True, "source": "costs:missed", "code": ""}}


def mean(store: Store, place: int, metric: str) -> float:
    """A metric of a configuration on test, mean over its seeds, by scikit-learn."""
    found = []
    for seed in range(3):
        answers = store.predictions(run_id(S0[place], seed), "test")
        chances = softmax(answers.logits)
        ovr = {"multi_class": "ovr"} if chances.shape[1] > 2 else {}
        given = chances if chances.shape[1] > 2 else chances[:, 1]
        found.append(
            {
                "mcc": lambda a=answers: matthews_corrcoef(a.labels, a.predicted),
                "weighted_f1": lambda a=answers: f1_score(a.labels, a.predicted, average="weighted"),
                "auroc": lambda a=answers, g=given, o=ovr: roc_auc_score(a.labels, g, **o),
            }[metric]()
        )
    return float(np.mean(found))


def test_the_wide_table_has_what_helps_and_the_terminal_s_stays_narrow(tmp_path: Path) -> None:
    summary = summarise(scored(make(tmp_path)))
    wide, narrow = table(summary), table(summary, wide=False)
    assert wide.columns == (
        *("run", "trainable", "% of total", "loss", "accuracy %", "95 % interval", "macro F1", "F1"),
        *("MCC", "AUROC", "ECE %", "time", "memory", "fewer parameters %", "of full's accuracy %"),
    )
    assert narrow.columns == ("run", "trainable", "%", "loss", "accuracy %", "macro F1", "F1", "time", "memory")
    spread = summary.configurations[1].spread("test", "mcc")
    assert spread is not None
    assert wide.blocks[0].rows[1].cells[8] == f"{spread.mean:.4f} ± {spread.deviation:.4f}"
    assert all(len(row.cells) == len(wide.columns) for block in wide.blocks for row in block.rows)
    assert all(len(row.cells) == len(narrow.columns) for block in narrow.blocks for row in block.rows)


@pytest.mark.parametrize(
    ("metric", "heading"), [("mcc", "MCC"), ("weighted_f1", "weighted F1 %"), ("missed", "missed")]
)
def test_the_terminal_shows_what_was_chosen_by(tmp_path: Path, metric: str, heading: str) -> None:
    store = scored(make(tmp_path, selection_metric=metric, own_metrics=OWN), [COST])
    summary = summarise(store)
    narrow = table(summary, wide=False)
    assert narrow.columns[4:7] == ("accuracy %", "F1", heading)
    assert narrow.notes[0].startswith(f"★ best by validation {heading.removesuffix(' %')}; its best run is ")
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(rich_table(summary))
    assert max(len(line.rstrip()) for line in console.export_text().splitlines()) <= 100
    assert all(len(row.cells) == len(narrow.columns) for block in narrow.blocks for row in block.rows)
    wide = table(summary).columns
    assert [wide.count(name) for name in (heading, "missed", "macro F1")] == [1, 1, 1]


def test_records_of_earlier_versions_make_no_empty_columns(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path))
    assert "MCC" not in table(summary).columns
    row = next(csv.DictReader(io.StringIO(csv_text(summary))))
    assert (row["test_mcc"], row["temperature"]) == ("", "")
    assert to_json(make(tmp_path))["runs"][0]["metrics"]["test"]["mcc"] is None


def test_json_has_all_metrics_by_split_and_by_class(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:2], own_metrics=OWN), [COST])
    document = json.loads(json.dumps(to_json(store), allow_nan=False))
    run = document["runs"][0]
    (test,) = store.evaluations(run["id"], "test")
    assert run["metrics"]["test"] == {
        "loss": test.loss, "accuracy": test.accuracy, "macro_f1": test.macro_f1, "f1": test.f1, **test.scores,
    }  # fmt: skip
    assert run["metrics"]["validation"]["loss"] == run["validation"]["loss"]
    assert [each["label"] for each in run["per_class"]] == ["negative", "positive"]
    answers = store.predictions(run["id"], "test")
    assert run["per_class"][1]["f1"] == pytest.approx(f1_score(answers.labels, answers.predicted))
    assert run["per_class"][1]["support"] == int(answers.labels.sum())
    assert document["own_metrics"] == OWN
    mcc = document["configurations"][0]["test"]["mcc"]
    assert mcc["mean"] == pytest.approx(mean(store, 0, "mcc"))
    row = next(csv.DictReader(io.StringIO(csv_text(summarise(store)))))
    assert float(row["test_auroc"]) == test.scores["auroc"]
    assert float(row["test_missed"]) == test.scores["missed"]
    assert float(row["temperature"]) == store.run(run["id"]).temperature


def test_what_a_class_does_not_have_is_null_not_zero(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1, labels=("a", "b", "c"), rows=30)
    (test,) = store.evaluations(run_id(S0[0], 0), "test")
    answers = store.predictions(test.run, "test")
    logits = np.tile(np.array([2.0, 1.0, 0.0], dtype=np.float32), (30, 1))
    store.add_evaluation(test, replace(answers, logits=logits, labels=answers.labels % 2))
    first, second, third = to_json(store)["runs"][0]["per_class"]
    assert (first["recall"], second["precision"], second["recall"]) == (1.0, None, 0.0)
    assert (third["precision"], third["recall"], third["f1"], third["support"]) == (None, None, None, 0)


@pytest.mark.parametrize("metric", ["mcc", "weighted_f1", "auroc"])
@pytest.mark.parametrize("labels", [("no", "yes"), tuple("abcd")])
def test_verdicts_judge_by_the_metric_that_chose(tmp_path: Path, metric: str, labels: tuple[str, ...]) -> None:
    store = scored(make(tmp_path, S0[:3], labels=labels, selection_metric=metric))
    summary = summarise(store)
    assert summary.judged_by == metric
    found = verdict(summary)
    assert found.judgement is not None
    for place, one in enumerate(summary.configurations):
        estimate = one.estimate(metric)
        assert estimate is not None
        assert estimate.value == pytest.approx(mean(store, place, metric), abs=1e-9)
        assert estimate.interval.low < estimate.value < estimate.interval.high
    head = next(one for one in found.comparisons if one.name == "head")
    best = summary.configurations.index(found.judgement.best)
    gap = mean(store, 1, metric) - mean(store, best, metric)
    assert head.difference.value == pytest.approx(gap, abs=1e-9)
    assert head.outcome == "worse"
    name = {"mcc": "MCC", "weighted_f1": "weighted F1", "auroc": "AUROC"}[metric]
    assert found.sentences[0].startswith(f"{found.judgement.best.name} is best by validation {name} (")
    assert f"on the 872 test rows its {name} is " in found.sentences[0]
    assert (" %" in found.sentences[0].partition("its ")[2].partition("(")[0]) == (metric == "weighted_f1")
    document = to_json(store)
    assert document["verdict"]["metric"] == metric
    assert document["configurations"][0]["mean"] == summary.configurations[0].estimate(metric).value  # type: ignore[union-attr]


def test_an_mcc_below_zero_is_not_cut_off(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:2], selection_metric="mcc"))
    for seed in range(3):
        (test,) = store.evaluations(run_id(S0[1], seed), "test")
        answers = store.predictions(test.run, "test")
        store.add_evaluation(test, replace(answers, logits=-answers.logits))
    estimate = summarise(store).configurations[1].estimate("mcc")
    assert estimate is not None
    assert estimate.value < -0.4
    assert estimate.interval.low < estimate.value < estimate.interval.high < 0
    head = next(one for one in verdict(summarise(store)).comparisons if one.name == "head")
    assert head.difference.value < -1
    assert head.difference.interval.low < head.difference.value


def test_where_a_class_is_missing_on_test_accuracy_is_compared_and_it_is_said(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], labels=("a", "b", "c"), selection_metric="auroc")
    for run in store.runs():
        (test,) = store.evaluations(run.id, "test")
        answers = store.predictions(run.id, "test")
        store.add_evaluation(test, replace(answers, labels=answers.labels % 2))
    found = verdict(summarise(scored(store)))
    assert found.judgement is not None
    assert found.judgement.summary.judged_by == "accuracy"
    assert "is best by validation AUROC (" in found.sentences[0]
    assert "its accuracy is" in found.sentences[0]
    assert "AUROC is not known on these test rows, where a class has none, so the verdict compares accuracy." in (
        found.warnings
    )


def test_a_metric_of_one_s_own_chooses_and_accuracy_is_compared(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:3], selection_metric="missed", own_metrics=OWN), [COST])
    summary = summarise(store)
    costs = [one.spread("validation", "missed").mean for one in summary.configurations]  # type: ignore[union-attr]
    assert summary.choice.configuration == summary.configurations[int(np.argmin(costs))].id, "lower is better"
    runs = summary.best_configuration.done  # type: ignore[union-attr]
    lowest = min(runs, key=lambda run: run.validation.metric("missed"))
    assert summary.best == lowest.record.id
    assert summary.judged_by == "accuracy"
    found = verdict(summary)
    assert f"is best by validation missed ({min(costs):.4f}, mean over 3 seeds); on the" in found.sentences[0]
    assert (
        "The best was chosen by missed, a metric of your own. How much of it is chance cannot be told, so the verdict "
        "compares accuracy."
    ) in found.warnings
    page = html(Material(summary, found))
    assert f"missed {lowest.test.metric('missed'):.4f}" in page  # type: ignore[union-attr]


def test_a_metric_that_no_run_has_leaves_the_choice_to_the_loss(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], selection_metric="mcc")
    summary = summarise(store)
    assert summary.choice.metric == "loss"
    assert summary.best is not None
    assert "No run has a finite MCC on validation, so validation loss chose the best." in summary.warnings
    assert "is best by validation loss (" in verdict(summary).sentences[0]


def test_predictions_without_probabilities_have_no_auroc_to_compare(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:2], seeds=1, selection_metric="auroc"))
    answers = store.predictions(run_id(S0[1], 0), "test")
    store.put_baseline(BaselineRecord("file:x", "theirs", "file", math.nan, 0.8, 0.8, 0.8), answers)
    store.put_baseline(BaselineRecord("tfidf", "ours", "tfidf", 0.4, 0.8, 0.8, 0.8, scores={"auroc": 0.8}), answers)
    found = verdict(summarise(store))
    assert found.judgement is not None
    assert [rival.baseline.record.name for rival in found.judgement.rivals] == ["ours"]
    expected = roc_auc_score(answers.labels, softmax(answers.logits)[:, 1])
    assert found.judgement.rivals[0].estimate.value == pytest.approx(expected)
    assert any(sentence.startswith(f"full beats ours (AUROC {expected:.3f})") for sentence in found.sentences)
    rows = table(summarise(store)).blocks[-1].rows
    place = table(summarise(store)).columns.index("AUROC")
    assert [row.cells[place] for row in rows[:2]] == ["–", "0.8000"]


def test_the_page_tells_every_metric_of_a_run(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:1], seeds=1))
    (test,) = store.evaluations(run_id(S0[0], 0), "test")
    summary = summarise(store)
    text = html(Material(summary, verdict(summary)))
    assert (
        f"weighted F1 {100 * test.metric('weighted_f1'):.2f} %, MCC {test.metric('mcc'):.4f}, AUROC "
        f"{test.metric('auroc'):.4f}, ECE {100 * test.metric('ece'):.2f} %, Brier score {test.metric('brier'):.4f}"
    ) in text
    calibration = summary.runs[0].calibration
    assert calibration is not None
    assert str(calibration) in text
    bare = studies.make(tmp_path, S0[:1], seeds=1)
    assert "MCC 0" not in html(Material(summarise(bare), verdict(summarise(bare))))


def test_a_record_gives_nan_for_what_it_does_not_know() -> None:
    record = EvaluationRecord("a", 1, 1.0, "test", 0.5, 0.8, 0.7, None, scores={"mcc": 0.4})
    assert record.metric("mcc") == 0.4
    assert math.isnan(record.metric("auroc"))
    assert math.isnan(record.metric("f1"))


def test_figures_of_a_correlation_are_not_in_percent(tmp_path: Path) -> None:
    for metric, unit, told in (("mcc", "× 100", "MCC 0."), ("weighted_f1", "%", "weighted F1 9")):
        summary = summarise(scored(make(tmp_path, S0[:3], selection_metric=metric)))
        assert judged_axis(summary) == f"{METRICS[metric]} ({unit}, 95 % interval)"
        found = verdict(summary)
        assert f"full: {told}" in html(Material(summary, found, draw(summary, found)))


def test_of_several_alike_the_one_with_the_lowest_cost_is_shown(tmp_path: Path) -> None:
    """The map of ranks and targets picks by validation, in the metric's own direction."""
    grid = [lora(rank, targets, 700_000 + rank, 0.88) for rank in (2, 8) for targets in ("query", "value")]
    grid += [replace(grid[0], name=f"{grid[0].name} (lr=1e-2)", accuracy=accuracy) for accuracy in (0.6,)]
    store = scored(make(tmp_path, grid, selection_metric="missed", own_metrics=OWN), [COST])
    cells = map_cells(summarise(store))
    assert cells["query", 2].name == grid[0].name, "which costs less than the one that is right on 60 %"
