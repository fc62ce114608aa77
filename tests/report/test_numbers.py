"""Reports on studies of a number: what is judged, told, shown and left out; errors, of which less is better."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from tests.report import studies
from tests.report.problem_studies import FULL, HEAD, LORA, answer, baseline, numbers
from tests.report.studies import run_id
from tests.report.test_figures import drawn, overlapping
from tests.report.test_html import Page, page
from tunefork.config import Judging
from tunefork.report import Verdict, galleries, judge, rich_table, run_rows, step_table, summarise, to_json, verdict
from tunefork.report.disagreements import disagreements
from tunefork.report.figures.heat_map import caption as map_caption
from tunefork.report.figures.tradeoff import caption as front_caption
from tunefork.report.pairs import pair_rows
from tunefork.report.pareto import fronts
from tunefork.report.tables import table
from tunefork.store import Store

METRICS = {
    "r2": r2_score,
    "rmse": root_mean_squared_error,
    "mae": mean_absolute_error,
    "pearson": lambda y, x: stats.pearsonr(x, y)[0],
    "spearman": lambda y, x: stats.spearmanr(x, y)[0],
}
NAMES = {"r2": "R²", "rmse": "RMSE", "mae": "MAE", "pearson": "Pearson r", "spearman": "Spearman ρ"}


def off(
    folder: Path,
    errors: dict[str, float],
    metric: str = "mae",
    unit: float = 1.0,
    noise: float = 0.1,
    **changes: object,
) -> Store:
    """One seed each on 400 rows whose labels are 1 and 5 in turn, so that a point of MAE is 0.02. Answers are off by so
    much, half of them too high, and by a little that differs from row to row; validation prefers full."""
    store = numbers(folder, seeds=1, rows=400, selection_metric=metric, **changes)
    labels = unit * np.tile([1.0, 5.0], 200)
    signs = np.repeat([1.0, -1.0], 200)
    little = np.random.default_rng(0).permutation(np.linspace(-noise, noise, 400))
    for one in (FULL, HEAD, LORA):
        (test,) = store.evaluations(run_id(one, 0), "test")
        own = little if one is FULL else np.roll(little, 7 if one is HEAD else 11)
        given = replace(store.predictions(test.run, "test"), labels=labels)
        store.add_evaluation(test, given)
        answer(store, one, 0, (labels + signs * unit * (errors[one.name] + own))[:, None])
    return store


ERRORS = {"full": 0.5, "head": 0.9, LORA.name: 0.505}


def judged(store: Store, judging: Judging | None = None) -> Verdict:
    return verdict(summarise(store, judging))


def test_the_sentences_of_a_study_judged_by_errors(tmp_path: Path) -> None:
    found = judged(off(tmp_path, ERRORS))
    assert [(one.name, one.outcome) for one in found.comparisons] == [("head", "worse"), (LORA.name, "equivalent")]
    first, recommended, worse, equivalent, virtues, saved = found.sentences
    assert first.startswith("full is best by validation MAE (0.")
    assert first.endswith("; on the 400 test rows its MAE is 0.500 (95 % interval 0.494 to 0.506).")
    assert recommended == (
        f"Recommended: {LORA.name} (721,154 trainable parameters, 1.07 % of the model), the smallest within 0.020 "
        "(1 % of the standard deviation of the test labels); equivalent to full within 0.020."
    )
    assert worse == "Worse than full: head by 0.400 (95 % interval 0.392 to 0.408)."
    assert equivalent == (f"Equivalent to full within 0.020: {LORA.name} (MAE +0.005, 95 % interval −0.003 to +0.013).")
    assert virtues.startswith(f"Of those not told apart from full, {LORA.name} is the smallest")
    assert saved == (
        "The saved model to take (full, seed 0) has an MAE of 0.500 on the test rows (0.494 to 0.506), and is told "
        "apart from the saved head (t-test of absolute errors, paired by row)."
    )
    assert "point" not in str(found)


def test_less_is_better_in_every_direction(tmp_path: Path) -> None:
    """Validation prefers full, which has the largest errors on test."""
    store = off(tmp_path, {"full": 0.9, "head": 0.5, LORA.name: 0.905})
    given = store.predictions(run_id(FULL, 0), "test")
    baseline(store, "good", (given.labels + 0.2)[:, None])
    baseline(store, "bad", (given.labels + 1.5)[:, None])
    found = judged(store)
    assert [(one.name, one.outcome) for one in found.comparisons] == [("head", "better"), (LORA.name, "equivalent")]
    assert [one.ahead > 0 for one in found.comparisons] == [True, False]
    assert "Better than full on test, though validation chose otherwise: head by 0.400 (95 % interval " in str(found)
    assert found.recommended is not None
    assert found.recommended.name == "head"
    assert "the smallest within 0.020 (1 % of the standard deviation of the test labels); better than full on " in str(
        found
    )
    good, bad = (next(each for each in found.sentences if name in each) for name in ("good", "bad"))
    assert good.startswith("good (MAE 0.200) is better than full, which needs a transformer: MAE +0.")
    assert bad.startswith("full beats bad (MAE 1.500): MAE −0.")
    rows = pair_rows(found.judgement)
    assert [cell.outcome for cell in rows[1].cells] == ["better", "", "better"]
    assert rows[1].cells[0].text == "▲ −0.400"
    assert rows[0].cells[1].text == "▼ +0.400"
    assert "point" not in rows[0].cells[1].title.partition(";")[0]


def test_what_lies_further_behind_than_the_margin_is_not_recommended(tmp_path: Path) -> None:
    """Neither is shown to be worse; only one is within 1 % of the deviation, 0.02."""
    for error, name in ((0.512, LORA.name), (0.53, "full")):
        found = judged(off(tmp_path / name, ERRORS | {LORA.name: error}, noise=0.4))
        assert found.comparisons[1].outcome == "undecided"
        assert f"between full and {LORA.name} (MAE +{error - 0.5:.3f}, 95 % interval −0." in str(found)
        assert found.recommended is not None
        assert found.recommended.name == name


@pytest.mark.parametrize(("unit", "margin", "gap"), [(0.001, "0.000020", "0.000400"), (10_000.0, "200", "4,000")])
def test_verdicts_do_not_depend_on_the_unit(tmp_path: Path, unit: float, margin: str, gap: str) -> None:
    found = judged(off(tmp_path, ERRORS, unit=unit))
    assert [one.outcome for one in found.comparisons] == ["worse", "equivalent"]
    assert f"Worse than full: head by {gap} (95 % interval " in str(found)
    assert f"Equivalent to full within {margin}: {LORA.name} (MAE +" in str(found)
    assert found.judgement is not None
    assert found.judgement.margin == pytest.approx(0.02 * unit)


def test_the_same_answers_are_equivalent_on_many_rows_only(tmp_path: Path) -> None:
    for rows, outcome in ((100, "undecided"), (2000, "equivalent")):
        for unit in (1.0, 5000.0):
            store = numbers(tmp_path / f"{rows}-{unit}", (FULL, HEAD), seeds=1, rows=rows, selection_metric="mae")
            for one in (FULL, HEAD):
                (test,) = store.evaluations(run_id(one, 0), "test")
                given = store.predictions(test.run, "test")
                store.add_evaluation(test, replace(given, labels=unit * given.labels))
                answer(store, one, 0, unit * given.labels[:, None] + unit)
            assert [one.outcome for one in judged(store).comparisons] == [outcome]


@pytest.mark.parametrize("metric", METRICS)
def test_verdicts_judge_by_the_metric_that_chose(tmp_path: Path, metric: str) -> None:
    store = numbers(tmp_path, selection_metric=metric)
    summary = summarise(store)
    assert summary.judged_by == metric
    for one in summary.configurations:
        values = []
        for run in one.runs:
            given = store.predictions(run.record.id, "test")
            values.append(METRICS[metric](given.labels, given.logits[:, 0].astype(float)))
        estimate, spread = one.estimate(metric), one.spread("test", metric)
        assert estimate is not None
        assert spread is not None
        assert estimate.value == pytest.approx(np.mean(values), abs=1e-9)
        assert spread.mean == pytest.approx(np.mean(values), abs=1e-9)
        assert estimate.interval.low < estimate.value < estimate.interval.high
    found = verdict(summary)
    assert found.judgement is not None
    assert found.judgement.best.name == "full"
    assert {one.name: one.outcome for one in found.comparisons}["head"] == "worse"
    assert f"its {NAMES[metric]} is " in found.sentences[0]
    assert "%" not in found.sentences[0].replace("95 % interval", "")
    columns = table(summary).columns
    assert columns[columns.index(NAMES[metric]) + 1] == "95 % interval"
    own = metric in ("mae", "rmse")
    assert ("points" in str(found)) == (not own)
    saved = "MAE" if metric == "mae" else "RMSE"
    assert f"has an {saved} of " in found.sentences[-1]


def test_chosen_by_the_loss_r2_is_compared_without_a_word(tmp_path: Path) -> None:
    found = judged(numbers(tmp_path))
    assert found.judgement is not None
    assert found.judgement.summary.judged_by == "r2"
    assert "is best by validation loss (" in found.sentences[0]
    assert not [each for each in found.warnings if "verdict compares" in each]


def test_answers_that_are_all_the_same_have_no_correlation(tmp_path: Path) -> None:
    store = numbers(tmp_path, selection_metric="pearson")
    answer(store, HEAD, 1, np.full((600, 1), 4.0))
    found = judged(store)
    assert (
        "Pearson r is not known on these test rows, where all numbers are the same, or all answers of a run, so the "
        "verdict compares R²."
    ) in found.warnings
    (unsteady,) = (each for each in found.warnings if each.startswith("Unsteady"))
    assert "head are much further apart than those of the others (−0." in unsteady
    assert unsteady.partition("(")[2].partition(")")[0].count("0.7") == 2


def test_numbers_that_are_all_the_same_have_no_r2(tmp_path: Path) -> None:
    store = numbers(tmp_path)
    for run in store.runs():
        (test,) = store.evaluations(run.id, "test")
        store.add_evaluation(test, replace(store.predictions(run.id, "test"), labels=np.full(600, 3.0)))
    assert (
        judged(store)
        .sentences[0]
        .endswith("Its R² is not known on the test rows, where all numbers are the same, or all answers of a run.")
    )


def test_floors(tmp_path: Path) -> None:
    store = off(tmp_path, ERRORS, majority={"mae": 0.9, "r2": 0.0}, baseline={"mae": 0.7})
    assert "Not shown to beat always answering the mean of the training labels (MAE 0.900): head." in (
        judged(store).warnings
    )
    assert "Not shown to beat the model before training (MAE 0.700): head." in judged(store).warnings
    worse = off(tmp_path / "r", ERRORS | {"head": 2.2}, "pearson", majority={"mae": 0.91, "r2": -0.01})
    assert "Not shown to beat always answering the mean of the training labels (R² −0.010): head." in (
        judged(worse).warnings
    ), "a constant has no correlation, so it is held against R²"


def test_tables(tmp_path: Path) -> None:
    store = numbers(tmp_path)
    summary = summarise(store)
    wide = table(summary)
    assert wide.columns == (
        *("run", "trainable", "% of total", "R²", "95 % interval", "RMSE", "MAE", "Pearson r", "Spearman ρ", "MSE"),
        *("time", "memory", "fewer parameters %", "of full's R² %"),
    )
    assert table(summary, wide=False).columns[3:6] == ("R²", "RMSE", "MAE")
    head = summary.configurations[1]
    cells = dict(zip(wide.columns, wide.blocks[0].rows[1].cells))
    r2, mae, loss, estimate = (*(head.spread("test", name) for name in ("r2", "mae", "loss")), head.estimate("r2"))
    assert cells["R²"] == f"{r2.mean:.4f} ± {r2.deviation:.4f}"  # type: ignore[union-attr]
    assert cells["95 % interval"] == f"{estimate.interval.low:.3f} to {estimate.interval.high:.3f}"  # type: ignore
    assert cells["MAE"] == f"{mae.mean:.3f} ± {mae.deviation:.3f}"  # type: ignore[union-attr]
    assert cells["MSE"] == f"{loss.mean:.3f}"  # type: ignore[union-attr]
    rows = [dict(zip(wide.columns, row.cells)) for row in wide.blocks[-1].rows]
    assert [row["run"] for row in rows] == ["before training", "mean of training"]
    assert (rows[1]["R²"], rows[1]["Pearson r"]) == ("−0.0007", "–")
    course = step_table(summary.runs[0])
    assert course.columns[3:] == ("validation loss", "R²", "RMSE", "MAE")
    first = store.evaluations(run_id(FULL, 0), "validation")[0]
    assert course.blocks[0].rows[0].cells[3:] == (
        f"{first.loss:.3f}",
        f"{first.scores['r2']:.4f}".replace("-", "−"),
        f"{first.scores['rmse']:.3f}",
        f"{first.scores['mae']:.3f}",
    )


@pytest.mark.parametrize("metric", ["loss", "mae", "spearman"])
def test_the_terminal_s_table_fits_in_100_columns(tmp_path: Path, metric: str) -> None:
    console = Console(width=100, record=True)
    console.print(rich_table(summarise(numbers(tmp_path, selection_metric=metric))))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert max(len(line) for line in lines) <= 100
    assert "…" not in "".join(lines)
    assert NAMES.get(metric, "R²") in lines[1]


def test_what_programs_read(tmp_path: Path) -> None:
    store = off(tmp_path, ERRORS)
    document = json.loads(json.dumps(to_json(store), allow_nan=False))
    assert (document["problem"], document["verdict"]["metric"]) == ("regression", "mae")
    assert document["verdict"]["margin"] == pytest.approx(0.02)
    run = document["runs"][0]
    (test,) = store.evaluations(run["id"], "test")
    assert (run["accuracy"], run["macro_f1"], run["f1"]) == (None, None, None)
    assert [run[name] for name in METRICS] == [test.scores[name] for name in METRICS]
    assert run["metrics"]["test"]["mae"] == test.scores["mae"]
    assert run["validation"]["rmse"] == math.sqrt(run["validation"]["loss"])
    assert (run["per_class"], run["calibration"]) == ([], None)
    head = document["configurations"][1]
    assert head["against_best"]["outcome"] == "worse"
    assert head["against_best"]["difference"] == pytest.approx(0.4)
    assert "accuracy_interval" not in head
    assert document["pairs"][0]["outcome"] == "better"
    assert document["pairs"][0]["difference"] == pytest.approx(-0.4)
    assert set(document["saved"][1]) == {"run", "configuration", "mae", "interval", "p_value_paired_t_holm"}
    row = run_rows(summarise(store))[0]
    assert (row["test_mae"], row["test_accuracy"]) == (test.scores["mae"], None)


def test_saved_models_are_compared_by_squared_errors(tmp_path: Path) -> None:
    store = off(tmp_path, ERRORS, "r2")
    found = {one.name: one for one in judged(store).saved}
    errors = {}
    for one in (FULL, HEAD, LORA):
        given = store.predictions(run_id(one, 0), "test")
        errors[one.name] = np.square(given.logits[:, 0].astype(float) - given.labels)
    assert found["full"].metric == "rmse"
    assert found["full"].estimate.value == pytest.approx(math.sqrt(errors["full"].mean()))
    assert found[LORA.name].p_value == pytest.approx(stats.ttest_rel(errors["full"], errors[LORA.name]).pvalue)


def test_the_largest_errors_come_first_and_strategies_do_not_disagree(tmp_path: Path) -> None:
    store = numbers(tmp_path, seeds=2)
    summary = summarise(store)
    found = store.predictions(str(summary.best), "test")
    errors = found.logits[:, 0].astype(float) - found.labels
    largest, shared = galleries(store, summary)
    assert [found.ids.index(mistake.id) for mistake in largest.mistakes] == np.argsort(-np.abs(errors))[:12].tolist()
    row = found.ids.index(largest.mistakes[0].id)
    assert largest.mistakes[0].true == f"{found.labels[row]:.3f}"
    assert largest.mistakes[0].told == f"error {errors[row]:+.3f}".replace("-", "−")
    every = [store.predictions(run.record.id, "test") for run in summary.runs]
    least = np.min([np.abs(each.predicted - each.labels) for each in every], axis=0)
    assert shared.title == "Furthest off in every one of the finished runs"
    assert [found.ids.index(mistake.id) for mistake in shared.mistakes] == np.argsort(-least)[:12].tolist()
    assert disagreements(store, summary) == ()


def test_the_page(tmp_path: Path) -> None:
    store = numbers(tmp_path, seeds=2, selection_metric="mae")
    text = page(store)
    content = Page(text)
    assert content.open == []
    assert len(content.ids) == len(set(content.ids))
    for left_out in ("calibration", "disagreements"):
        assert f'<section id="{left_out}"' not in text
    assert "Per class, on test" not in content.texts
    assert "The row's MAE minus the column's, in the unit of score; less is better." in text.replace("&#39;", "'")
    assert "= equivalent within 0.028, ?" in text
    assert "the error: the answer minus the number." in text
    assert "score, a number" in content.texts
    given = store.predictions(run_id(FULL, 0), "test")
    errors = given.logits[:, 0].astype(float) - given.labels
    place = content.texts.index("Errors, on test: the answer minus the number")
    row = content.texts[place + 1 :][:16]
    assert dict(zip(row[::2], row[1::2]))["median"] == f"{np.median(errors):+.3f}".replace("-", "−")
    assert dict(zip(row[::2], row[1::2]))["95 %"] == f"{np.quantile(errors, 0.95):+.3f}".replace("-", "−")


def test_figures(tmp_path: Path) -> None:
    grid = [studies.lora(rank, targets, 592_130 + rank, 0.85 + rank / 200) for rank in (2, 8) for targets in ("q", "v")]
    store = numbers(tmp_path, (FULL, HEAD, *grid), selection_metric="rmse")
    found = drawn(store)
    assert list(found) == [
        *("scores", "differences", "tradeoff", "tradeoff-time", "tradeoff-memory", "parameters"),
        *("rank", "rank-targets", "targets", "loss", "r2", "predicted"),
    ]
    assert [name for name, drawing in found.items() if overlapping(drawing)] == []
    summary = summarise(store)
    estimates = {one.name: one.estimate("rmse") for one in summary.configurations}
    axis = "RMSE (in the unit of score, 95 % interval)"
    assert found["tradeoff"].figure.axes[0].get_ylabel() == found["rank"].figure.axes[0].get_ylabel() == axis
    (differences,) = found["differences"].figure.axes
    judgement = judge(summary)
    assert judgement is not None
    head = next(one for one in judgement.comparisons if one.name == "head")
    drawn_at = [float(np.ravel(line.get_xdata())[0]) for line in differences.get_lines()]
    assert any(math.isclose(place, head.difference.value) for place in drawn_at), "in the label's unit, not times 100"
    assert "less is better" in differences.get_xlabel()
    texts = {text.get_text() for text in found["rank-targets"].figure.axes[0].texts}
    assert f"{estimates[grid[0].name].value:.3f}" in texts  # type: ignore[union-attr]
    assert "Darker is lower, which is better; palest and darkest are at least 0.057 apart." in map_caption(summary)
    assert found["r2"].figure.axes[0].get_ylabel() == "R²"
    assert found["loss"].figure.axes[0].get_ylabel() == "mean squared error"


def test_darker_is_better_where_less_is(tmp_path: Path) -> None:
    from matplotlib.colors import to_rgb

    grid = [studies.lora(rank, targets, 592_130 + rank, 0.8 + rank / 100) for rank in (2, 8) for targets in ("q", "v")]
    for metric in ("mae", "r2"):
        axes = drawn(numbers(tmp_path / metric, grid, selection_metric=metric))["rank-targets"].figure.axes[0]
        light = [sum(to_rgb(patch.get_facecolor())) for patch in axes.patches]
        assert max(light[1], light[3]) < min(light[0], light[2]), "rank 8 has the smaller errors"


def test_fronts_keep_what_has_the_smallest_errors(tmp_path: Path) -> None:
    summary = summarise(numbers(tmp_path, selection_metric="mae"))
    front = fronts(summary)[0]
    assert [one.name for one in front.undominated] == ["head", LORA.name, "full"]
    assert front_caption(summary, front).startswith(
        f"Undominated (no other has at most its MAE for fewer trainable parameters) are head, {LORA.name} and full"
    )
    worst = replace(HEAD, name="big", strategy="last_layers", trainable=5_000_000, accuracy=0.5)
    summary = summarise(numbers(tmp_path / "worst", (FULL, HEAD, worst), selection_metric="mae"))
    assert "big" not in [one.name for one in fronts(summary)[0].undominated]


def test_predicted_against_true(tmp_path: Path) -> None:
    store = numbers(tmp_path, seeds=1)
    summary = summarise(store)
    axes = drawn(store)["predicted"].figure.axes[0]
    (dots,) = axes.collections
    given = store.predictions(str(summary.best), "test")
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), np.stack([given.labels, given.logits[:, 0]], axis=1))
    assert axes.get_xlim() == axes.get_ylim()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("true score", "predicted score")
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    many = drawn(numbers(tmp_path / "many", (FULL, HEAD), seeds=1, rows=2000))["predicted"]
    assert "Darker cells hold more rows" in many.caption
    assert len(many.figure.axes[0].collections[0].get_array()) < 1600  # type: ignore[arg-type]


def test_bars_of_what_is_worse_than_the_mean(tmp_path: Path) -> None:
    store = numbers(tmp_path, seeds=1)
    given = store.predictions(run_id(HEAD, 0), "test")
    answer(store, HEAD, 0, 10 - given.logits)
    axes = drawn(store)["scores"].figure.axes[0]
    assert axes.get_xlim() == (-100, 112)
    assert [tick.get_text() for tick in axes.get_xticklabels()][::5] == ["-1", "0", "1"]


def test_a_study_without_test_rows(tmp_path: Path) -> None:
    summary = summarise(numbers(tmp_path, rows=0))
    assert summary.split == "validation"
    assert verdict(summary).sentences[0].endswith("so its R² on new data is not known.")
    assert "predicted" not in drawn(numbers(tmp_path, rows=0))
