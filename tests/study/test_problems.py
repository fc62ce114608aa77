"""Several labels of a row, and numbers, from the file to the saved model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score, mean_absolute_error, r2_score

from tests.tiny import messages
from tunefork import Full, Head, LoRA, Results, Study, load_data, load_model
from tunefork.engine import load_artefact
from tunefork.errors import ConfigError, StudyFileError

TRAINING = {"epochs": 10, "batch_size": 16, "precision": "fp32"}
NAMES = ("asks", "delivery", "urgent")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Real messages with three labels that anybody can read off them, and their length as a number far from 0."""
    wanted = {"asks": r"\?", "delivery": r"deliver|ship|arriv|parcel", "urgent": r"today|now|soon"}
    texts = [text for text, _ in messages()][:600]
    made = {name: [int(bool(re.search(word, text.lower()))) for text in texts] for name, word in wanted.items()}
    length = [1000.0 + 5 * len(text.split()) for text in texts]
    return pd.DataFrame({"id": [f"m{n}" for n in range(len(texts))], "message": texts, **made, "length": length})


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, rows: pd.DataFrame) -> Results:
    folder = tmp_path_factory.mktemp("several")
    rows.drop(columns="length").to_csv(folder / "rows.csv", index=False)
    study = Study(
        model=str(tiny_folder), data=load_data(folder / "rows.csv", text="message", label=NAMES, max_length=32),
        compare=[Full(learning_rate=3e-3), Head(learning_rate=1e-2), LoRA(rank=4, learning_rate=1e-2)], seeds=2,
        training={**TRAINING, "class_weights": "auto"}, selection={"metric": "macro_f1"},
    )  # fmt: skip
    return study.run(folder / "out", progress=False)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, rows: pd.DataFrame) -> Results:
    folder = tmp_path_factory.mktemp("numbers")
    rows.to_csv(folder / "rows.csv", index=False)
    data = load_data(folder / "rows.csv", text="message", label="length", problem="regression", max_length=32)
    study = Study(
        model=str(tiny_folder), data=data,
        compare=[Full(learning_rate=3e-3), Head(learning_rate=1e-2), LoRA(rank=4, learning_rate=1e-2)], seeds=2,
        training=TRAINING, selection={"metric": "mae"},
    )  # fmt: skip
    return study.run(folder / "out", progress=False)


def test_several_labels_are_learnt_chosen_by_and_compared(several: Results) -> None:
    document = several.to_dict()
    assert document["problem"] == "multi_label"
    assert {run["status"] for run in document["runs"]} == {"done"}
    for run in document["runs"]:
        answers = several.store.predictions(run["id"], "test")
        found = run["metrics"]["test"]
        assert found["macro_f1"] == pytest.approx(f1_score(answers.labels, answers.logits > 0, average="macro"))
        assert found["micro_f1"] == pytest.approx(f1_score(answers.labels, answers.logits > 0, average="micro"))
        assert [each["label"] for each in run["per_class"]] == list(NAMES)
        assert run["calibration"] is None
    best = max(run["metrics"]["test"]["macro_f1"] for run in document["runs"])
    assert best > 0.55
    assert max(run["per_class"][0]["f1"] for run in document["runs"]) > 0.85  # a question mark is easy to see
    assert document["majority"]["macro_f1"] < 0.4
    assert document["verdict"]["metric"] == "macro_f1"
    assert [one["name"] for one in document["baselines"]] == ["TF-IDF + logistic regression"]
    assert document["configurations"][0]["interval"][0] < document["configurations"][0]["mean"]


def test_a_saved_model_gives_lists_of_labels_and_transformers_the_same(several: Results, tmp_path: Path) -> None:
    run = next(run for run in several.runs() if run.record.strategy == "full")
    model = load_model(run.save(tmp_path / "model"))
    frame = model.predict(["Where is my parcel? I need it today.", "Thank you."])
    assert list(frame.columns) == ["prediction", "p_asks", "p_delivery", "p_urgent"]
    chances = frame.filter(like="p_").to_numpy()
    for told, row in zip(frame["prediction"], chances):
        assert told == [name for name, chance in zip(NAMES, row) if chance > 0.5]
    assert chances.sum() != pytest.approx(2.0, abs=1e-3)  # each label's own; they do not add up to 1
    loaded = load_artefact(tmp_path / "model")
    assert loaded.config.problem_type == "multi_label_classification"
    assert loaded.config.id2label == dict(enumerate(NAMES))
    kept = pd.read_parquet(run.folder / "predictions.parquet").query("split == 'test'")
    answers = several.store.predictions(run.record.id, "test")
    assert [list(each) for each in kept["label"]] == [
        [name for name, has in zip(NAMES, row) if has] for row in answers.labels
    ]


def test_numbers_are_answered_in_their_own_unit(numbers: Results, rows: pd.DataFrame, tmp_path: Path) -> None:
    document = numbers.to_dict()
    assert document["problem"] == "regression"
    assert {run["status"] for run in document["runs"]} == {"done"}
    for run in document["runs"]:
        answers = numbers.store.predictions(run["id"], "test")
        found = run["metrics"]["test"]
        assert found["mae"] == pytest.approx(mean_absolute_error(answers.labels, answers.logits[:, 0]), rel=1e-5)
        assert found["r2"] == pytest.approx(r2_score(answers.labels, answers.logits[:, 0]), abs=1e-4)
    best = next(run for run in document["runs"] if run["id"] == document["best"])
    errors = {run["id"]: run["metrics"]["validation"]["mae"] for run in document["runs"]}
    rivals = [each for one in document["configurations"] if best["id"] in one["runs"] for each in one["runs"]]
    assert errors[best["id"]] == min(errors[each] for each in rivals)
    assert best["metrics"]["test"]["r2"] > 0.6
    assert document["majority"]["r2"] == pytest.approx(0.0, abs=0.05)
    for kind in ("full", "lora"):
        run = next(run for run in numbers.runs() if run.record.strategy == kind)
        model = load_model(run.save(tmp_path / kind))
        frame = model.predict(rows["message"].tolist()[:40])
        assert list(frame.columns) == ["prediction"]
        assert mean_absolute_error(rows["length"][:40], frame["prediction"]) < 25
        with torch.no_grad():
            logits = load_artefact(tmp_path / kind)(**_inputs(model, rows["message"][0])).logits
        assert float(logits) == pytest.approx(frame["prediction"][0], rel=1e-4)


def _inputs(model: object, text: str) -> dict[str, torch.Tensor]:
    return dict(model.tokenizer([text], return_tensors="pt", truncation=True, max_length=32))  # type: ignore[attr-defined]


def test_the_verdict_is_about_the_metric_that_chose(numbers: Results, several: Results) -> None:
    told = str(numbers.verdict())
    assert "is best by validation MAE" in told
    assert numbers.to_dict()["verdict"]["metric"] == "mae"
    html = (numbers.folder / "report.html").read_text(encoding="utf-8")
    assert "Confusion" not in html
    assert "macro F1" in str(several.verdict())


def test_a_regression_is_continued_from_its_saved_model(
    numbers: Results, tiny_folder: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    earlier = next(run for run in numbers.runs() if run.record.strategy == "full")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    data = load_data(tmp_path / "rows.csv", text="message", label="length", problem="regression", max_length=32)
    study = Study(
        model=str(tiny_folder), data=data, compare=[Head(learning_rate=1e-9)], start_from=str(earlier.folder),
        training={"steps": 2, "precision": "fp32"},
    )  # fmt: skip
    made = study.run(tmp_path / "out", progress=False)
    (run,) = made.to_dict()["runs"]
    before = made.store.study().baseline
    assert run["metrics"]["test"]["r2"] == pytest.approx(before["r2"], abs=1e-3)
    assert before["r2"] > 0.5


def test_settings_that_do_not_fit_are_told_before_anything_trains(
    tiny_folder: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    rows.to_csv(tmp_path / "rows.csv", index=False)

    def read(problem: str, **settings: object) -> None:
        label = "length" if problem == "regression" else NAMES
        data = load_data(tmp_path / "rows.csv", text="message", label=label, problem=problem)
        Study(model=str(tiny_folder), data=data, compare=[Head()], **settings).read()  # type: ignore[arg-type]

    for problem, settings, message in (
        ("regression", {"selection": {"metric": "accuracy"}},
         r"accuracy is no metric of numbers \(selection.metric\)\. Found: problem: regression\. Use one of loss, rmse"),
        ("multi_label", {"selection": {"metric": "mcc"}}, r"mcc is no metric of rows that have several labels"),
        ("regression", {"training": {"class_weights": "auto"}},
         r"class_weights are for labels \(training.class_weights\)"),
        ("multi_label", {"training": {"class_weights": {"ask": 3}}},
         r"There is no label 'ask' to give a weight .*Did you mean 'asks'"),
        ("multi_label", {"training": {"sampling": "balanced"}},
         r"sampling: balanced is for rows that have one class each .*Use class_weights: auto\."),
        ("regression", {"training": {"label_smoothing": 0.1}}, r"label_smoothing is for labels"),
    ):  # fmt: skip
        with pytest.raises((ConfigError, StudyFileError), match=message):
            read(problem, **settings)


def test_search_looks_for_settings_of_numbers(tiny_folder: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    rows.to_csv(tmp_path / "rows.csv", index=False)
    data = load_data(tmp_path / "rows.csv", text="message", label="length", problem="regression", max_length=32)
    study = Study(
        model=str(tiny_folder), data=data, compare=[Head()], training={"epochs": 1, "precision": "fp32"},
        search={"trials": 3, "method": "random"}, selection={"metric": "r2"},
    )  # fmt: skip
    results = study.run(tmp_path / "out", progress=False)
    trials = results.store.trials()
    assert [trial.metric for trial in trials] == ["r2"] * 3
    chosen = next(trial for trial in trials if trial.chosen)
    assert chosen.value == max(trial.value for trial in trials if trial.value is not None)
    assert np.isfinite(results.to_dict()["runs"][0]["metrics"]["test"]["r2"])


def test_saved_facts_say_what_a_label_is(several: Results, numbers: Results) -> None:
    for results, problem, labels in ((several, "multi_label", list(NAMES)), (numbers, "regression", ["length"])):
        facts = json.loads((results.runs()[0].folder / "tunefork.json").read_text(encoding="utf-8"))
        assert (facts["problem"], facts["labels"]) == (problem, labels)
