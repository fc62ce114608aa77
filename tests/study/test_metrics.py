"""Metrics, calibration and imbalance from end to end: what is recorded, chosen by, saved and used."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from tests.tiny import messages
from tunefork import Full, Head, LoRA, Results, Study, load_data, load_model
from tunefork.errors import ConfigError, MetricError, StoreError
from tunefork.metrics import OwnMetric, fit_temperature, softmax
from tunefork.study.folders import kept_study
from tunefork.study.own_metrics import keep_own_metrics

TRAINING = {
    "epochs": 8, "batch_size": 16, "precision": "fp32", "class_weights": "auto", "label_smoothing": 0.1,
    "eval_every": "4 epochs",
}  # fmt: skip


def missed(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The share of damaged items that are not seen."""
    damaged = labels == 0
    return float((probabilities[damaged].argmax(axis=1) != 0).mean())


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three intents, one of which is rare."""
    wanted = {"order_status": "status", "damaged_item": "damaged", "return_item": "return"}
    rows, seen = [], 0
    for text, intent in messages():
        seen += intent == "damaged_item"
        if intent in wanted and not (intent == "damaged_item" and seen % 3):
            rows.append((f"m{len(rows)}", text, wanted[intent]))
    path = tmp_path_factory.mktemp("data") / "uneven.csv"
    pd.DataFrame(rows, columns=["id", "message", "intent"]).to_csv(path, index=False)
    return path


def study(model: Path, data: Path, **settings: object) -> Study:
    settings = {"training": TRAINING, "compare": [Full(learning_rate=3e-3), Head(learning_rate=1e-2)], **settings}
    return Study(model=str(model), data=load_data(data, max_length=48, validation=0.2), name="uneven", **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, uneven: Path) -> Results:
    wanted = study(
        tiny_folder, uneven, seeds=2, metrics=[OwnMetric("missed", missed, lower=True)], selection={"metric": "missed"}
    )
    return wanted.run(tmp_path_factory.mktemp("study") / "out", progress=False)


def test_every_evaluation_has_every_metric(made: Results) -> None:
    document = made.to_dict()
    for run in document["runs"]:
        answers = made.store.predictions(run["id"], "test")
        chances, found = softmax(answers.logits), run["metrics"]["test"]
        assert found["mcc"] == pytest.approx(matthews_corrcoef(answers.labels, answers.predicted))
        assert found["auroc"] == pytest.approx(roc_auc_score(answers.labels, chances, multi_class="ovr"))
        assert found["missed"] == missed(answers.labels, chances)
        assert all(math.isfinite(value) for name, value in found.items() if name != "f1")
        assert [each["label"] for each in run["per_class"]] == ["damaged", "return", "status"]
    (baseline,) = document["baselines"]
    assert baseline["metrics"].keys() == {"weighted_f1", "mcc", "auroc", "ece", "brier", "missed"}
    assert document["majority"]["auroc"] == 0.5
    assert document["own_metrics"]["missed"]["lower"] is True


def test_weights_and_configuration_are_those_of_the_lowest_own_metric(made: Results) -> None:
    document = made.to_dict()
    assert document["selection_metric"] == "missed"
    for run in made.runs():
        seen = made.store.evaluations(run.record.id, "validation")
        assert len(seen) == 2
        assert run.record.best_step == min(seen, key=lambda one: one.metric("missed")).step
    costs = {
        one["id"]: [run["metrics"]["validation"]["missed"] for run in document["runs"] if run["id"] in one["runs"]]
        for one in document["configurations"]
    }
    means = {key: np.mean(each) for key, each in costs.items()}
    assert means[document["best_configuration"]] == pytest.approx(min(means.values()), abs=1e-12)
    assert len(set(means.values())) > 1


def test_tables_frames_and_files_have_them(made: Results) -> None:
    frame = made.to_pandas()
    wanted = {"metrics.test.mcc", "metrics.validation.missed", "calibration.temperature", "accuracy"}
    assert wanted <= set(frame.columns)
    assert "per_class" not in frame.columns
    classes = made.per_class()
    assert classes.index.names == ["run", "label"]
    assert len(classes) == 3 * len(frame)
    assert classes.loc[frame.index[0]]["support"].sum() == made.to_dict()["rows"]["test"]
    header = (made.folder / "table.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"test_mcc", "test_auroc", "test_ece", "test_brier", "test_weighted_f1", "test_missed"} <= set(header)
    assert "| missed |" in (made.folder / "table.md").read_text(encoding="utf-8").replace("| missed %", "|")
    assert (made.folder / "figures" / "reliability.svg").is_file()


def test_the_temperature_is_fitted_on_validation_and_goes_with_the_model(made: Results) -> None:
    found = 0
    for run in made.runs():
        answers = made.store.predictions(run.record.id, "validation", run.record.best_step)
        assert run.record.temperature == fit_temperature(answers.logits, answers.labels)
        facts = json.loads((run.folder / "tunefork.json").read_text(encoding="utf-8"))
        assert facts["temperature"] == run.record.temperature
        found += run.record.temperature is not None
        told = " ".join(run.record.notices)
        assert ("validation rows, too few to rely on" in told) == (run.record.temperature is not None)
    assert found


def test_probabilities_are_calibrated_unless_told_otherwise(made: Results, uneven: Path, tmp_path: Path) -> None:
    run = next(run for run in made.runs() if run.record.temperature is not None)
    model = load_model(run.save(tmp_path / "model"))
    assert model.temperature == run.record.temperature
    texts = pd.read_csv(uneven)["message"].tolist()[:40]
    plain, calibrated = model.predict(texts, calibrated=False), model.predict(texts)
    assert plain["prediction"].tolist() == calibrated["prediction"].tolist()
    logits = np.log(plain.filter(like="p_").to_numpy())
    expected = softmax(logits, run.record.temperature)
    np.testing.assert_allclose(calibrated.filter(like="p_").to_numpy(), expected, rtol=1e-6)
    assert not np.allclose(plain.filter(like="p_"), calibrated.filter(like="p_"), atol=1e-3)
    frame = pd.read_parquet(run.folder / "predictions.parquet").query("split == 'test'").set_index("id")
    again = model.predict(pd.read_csv(uneven).set_index("id").loc[frame.index].reset_index())
    np.testing.assert_allclose(again.filter(like="p_"), frame.filter(like="p_"), atol=1e-4)


def test_without_validation_there_is_no_temperature(tiny_folder: Path, uneven: Path, tmp_path: Path) -> None:
    wanted = Study(
        model=str(tiny_folder), data=load_data(uneven, max_length=32, validation=0), compare=[Head()],
        training={"steps": 4, "precision": "fp32"},
    )  # fmt: skip
    made = wanted.run(tmp_path / "out", progress=False)
    (run,) = made.to_dict()["runs"]
    assert (run["calibration"]["temperature"], run["calibration"]["calibrated"]) == (None, False)
    assert "no temperature was fitted; ECE " in (made.folder / "report.html").read_text(encoding="utf-8")
    model = made.best().load()
    assert model.temperature is None
    text = ["where is my parcel"]
    assert model.predict(text).equals(model.predict(text, calibrated=False))


def test_weights_make_the_rare_class_found(tiny_folder: Path, uneven: Path, tmp_path: Path) -> None:
    """The trainings differ in nothing else: the same rows in the same order, the same head."""
    settings = {"epochs": 12, "batch_size": 16, "precision": "fp32", "best_weights": False, "schedule": "constant"}
    head = {"learning_rate": 3e-2}
    made = study(
        tiny_folder,
        uneven,
        training=settings,
        compare=[
            Head(**head),
            Head(**head, training={"class_weights": {"damaged": 12.0}}),
            Head(**head, training={"sampling": "balanced"}),
        ],
    ).run(tmp_path / "out", progress=False)
    recall = made.per_class()["recall"].unstack()["damaged"]
    plain, weighted, balanced = (recall[run.record.id] for run in made.runs())
    assert weighted > plain
    assert balanced >= plain
    names = [run.record.name for run in made.runs()]
    assert names == ["head", "head (class_weights=damaged:12)", "head (sampling=balanced)"]


def test_a_finished_study_can_be_given_another_metric(made: Results, tiny_folder: Path, uneven: Path) -> None:
    before = made.store.evaluations(made.runs()[0].record.id)

    def doubt(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float(1 - probabilities.max(axis=1).mean())

    keep_own_metrics(made.store, [OwnMetric("doubt", doubt)])
    after = made.store.evaluations(made.runs()[0].record.id)
    assert [replace(one, scores={}) for one in after] == [replace(one, scores={}) for one in before]
    answers = made.store.predictions(made.runs()[0].record.id, "test")
    (test,) = (one for one in after if one.split == "test")
    assert test.metric("doubt") == pytest.approx(1 - softmax(answers.logits).max(axis=1).mean())
    assert made.store.study().own_metrics.keys() == {"missed", "doubt"}
    assert made.store.baselines()[0].metric("doubt") > 0
    keep_own_metrics(made.store, [OwnMetric("doubt", lambda labels, chances: 7.0)])
    assert made.store.evaluations(made.runs()[0].record.id)[-1].metric("doubt") == 7.0, "a changed one is computed anew"
    with pytest.raises(StoreError, match="The metric 'missed' is not the one that this study was chosen by"):
        keep_own_metrics(made.store, [OwnMetric("missed", lambda labels, chances: 0.0, lower=True)])
    again = study(
        tiny_folder, uneven, seeds=2, metrics=[OwnMetric("missed", missed, lower=False)], selection={"metric": "missed"}
    )
    with pytest.raises(StoreError, match="Found: another answer to whether lower is better"):
        again.run(made.folder, progress=False)


def test_a_study_of_an_earlier_version_is_continued(made: Results, tiny_folder: Path, uneven: Path) -> None:
    file = made.folder / "study.yaml"
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in ("sampling", "checkpointing"):
        del written["training"][name]
    del written["verdict"]
    file.write_text(yaml.safe_dump(written), encoding="utf-8")
    metrics = [OwnMetric("missed", missed, lower=True)]
    again = study(tiny_folder, uneven, seeds=2, metrics=metrics, selection={"metric": "missed"})
    assert again.run(made.folder, progress=False).to_dict()["runs"] == made.to_dict()["runs"]
    written["training"]["epochs"] = 9.0
    file.write_text(yaml.safe_dump(written), encoding="utf-8")
    with pytest.raises(StoreError, match=r"training.epochs was 9.0 and is 8.0"):
        again.run(made.folder, progress=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"training": {"class_weights": {"statsu": 2}}},
            r"There is no label 'statsu' to give a weight \(training.class",
        ),
        (
            {"compare": [Head(training={"class_weights": {"x": 2}})]},
            r"There is no label 'x' to give a weight \(compare.0.training.class_weights\). Found: labels damaged, ret",
        ),
        ({"selection": {"metric": "f1"}}, "f1 is the score of the second of two classes"),
        (
            {"compare": [LoRA(training={"early_stopping": {"metric": "f1"}})]},
            r"f1 is the score of .* \(compare.0.training.early_stopping\)",
        ),
    ],
)
def test_settings_that_these_rows_do_not_have(
    settings: dict[str, object], message: str, tiny_folder: Path, uneven: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        study(tiny_folder, uneven, **settings).plan(timings=False)


def test_metrics_that_validation_rows_do_not_have(tiny_folder: Path, uneven: Path) -> None:
    frame = pd.read_csv(uneven)
    held = frame[frame["intent"] != "damaged"].iloc[:30]
    rest = frame.drop(held.index)

    def planned(validation: pd.DataFrame, metric: str) -> None:
        data = load_data(rest, validation=validation, text="message", label="intent", max_length=32)
        made = Study(model=str(tiny_folder), data=data, compare=[Head()], selection={"metric": metric})
        made.plan(timings=False)

    with pytest.raises(ConfigError) as caught:
        planned(held, "auroc")
    assert str(caught.value) == (
        "auroc is not known on validation rows that lack a class (selection.metric). Found: no validation row of "
        "'damaged'; 2 of 3 classes. Hold out more validation rows, leave the class out, or choose by macro_f1."
    )
    planned(held, "mcc")
    with pytest.raises(ConfigError, match=r"mcc is not known on validation rows that lack all classes but one"):
        planned(held[held["intent"] == "return"], "mcc")


def test_a_metric_that_fails_is_told_before_anything_trains(tiny_folder: Path, uneven: Path, tmp_path: Path) -> None:
    def broken(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float(labels.nonsense)  # type: ignore[attr-defined]

    with pytest.raises(MetricError, match=r"The metric 'broken' failed .* Found: AttributeError"):
        study(tiny_folder, uneven, metrics=[broken]).run(tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_a_metric_that_workers_cannot_import_keeps_the_study_in_one_process(tiny_folder: Path, uneven: Path) -> None:
    def local(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return 1.0

    wanted = study(tiny_folder, uneven, metrics=[local], seeds=2)
    assert wanted.plan(timings=False).workers == 1
    with pytest.raises(ConfigError, match=r"Worker processes cannot import the metric 'local' \(workers\)"):
        wanted.plan(timings=False, workers=2)
    assert study(tiny_folder, uneven, metrics=[missed], seeds=2).plan(timings=False, workers=2).workers == 2


def test_what_is_known_of_an_earlier_study_s_rows_does_not_need_its_metric(made: Results) -> None:
    found = kept_study(made.folder)
    assert found.selection.metric == "loss"
    assert Study.from_config(found).splits.hash == made.store.study().data_hash


@pytest.mark.slow
def test_workers_compute_metrics_of_modules(
    tiny_folder: Path, uneven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "doubts.py").write_text(
        "def doubt(labels, chances):\n    return float(1 - chances.max(axis=1).mean())\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    wanted = study(tiny_folder, uneven, metrics=["lower:doubts:doubt"], selection={"metric": "doubt"})
    made = wanted.run(tmp_path / "out", progress=False, workers=2)
    for run in made.to_dict()["runs"]:
        answers = made.store.predictions(run["id"], "test")
        assert run["status"] == "done"
        assert run["metrics"]["test"]["doubt"] == pytest.approx(1 - softmax(answers.logits).max(axis=1).mean())
