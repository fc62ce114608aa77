"""The façade: from rows to Results, and what a folder remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tunefork import Full, Head, LastLayers, LoRA, Results, Study, load_data, load_model
from tunefork.errors import ColumnError, ModelNotFoundError, SplitError, StoreError, StudyFileError
from tunefork.study import outline
from tunefork.study.timings import cache_folder

TRAINING = {"epochs": 2, "batch_size": 16, "precision": "fp32"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Results:
    study = Study(
        model=str(tiny_folder),
        data=load_data(messages_csv, max_length=48),
        compare=[
            Full(learning_rate=1e-3, block="methods"),
            Head(block="methods"),
            LastLayers(block="methods"),
            LoRA(rank=[2, 4], targets="query+value", learning_rate=1e-2, block="rank"),
            LoRA(rank=4, targets="query+value", learning_rate=1e-2, block="methods"),
        ],
        seeds=2,
        training=TRAINING,
        name="messages",
    )
    return study.run(tmp_path_factory.mktemp("study") / "out", progress=False)


def test_what_needs_no_transformer_stands_beside_the_runs(made: Results) -> None:
    (found,) = made.to_dict()["baselines"]
    assert found["name"] == "TF-IDF + logistic regression"
    assert 0 < found["accuracy"] <= 1
    assert found["interval"][0] <= found["accuracy"] <= found["interval"][1]
    assert "TF-IDF + logistic regression" in (made.folder / "table.md").read_text(encoding="utf-8")
    assert any("TF-IDF + logistic regression" in sentence for sentence in made.to_dict()["verdict"]["sentences"])


def test_every_run_is_done_once_per_seed_and_shown_in_each_block(made: Results) -> None:
    runs = made.to_dict()["runs"]
    assert len(runs) == 10
    assert {run["status"] for run in runs} == {"done"}
    shared = [run for run in runs if run["name"] == "LoRA r=4 query+value"]
    assert [sorted(run["blocks"]) for run in shared] == [["methods", "rank"]] * 2
    assert {run["seed"] for run in shared} == {0, 1}


def test_the_public_json(made: Results, tiny_folder: Path) -> None:
    document = made.to_dict()
    assert (document["study"], document["task"], document["model"]) == (
        "messages",
        "text-classification",
        str(tiny_folder),
    )
    first = document["runs"][0]
    assert {
        "id", "name", "strategy", "seed", "status", "adapter", "head", "backbone", "trainable", "blocks", "split",
        "loss", "accuracy", "macro_f1", "validation", "seconds", "seconds_alone", "peak_memory_mb",
    } <= first.keys()  # fmt: skip
    assert first["split"] == "test"
    assert first["adapter"] + first["head"] + first["backbone"] == first["trainable"]
    assert 0 <= first["accuracy"] <= 1
    best = next(run for run in document["runs"] if run["id"] == document["best"])
    means: dict[str, list[float]] = {}
    for run in document["runs"]:
        means.setdefault(run["name"], []).append(run["validation"]["loss"])
    assert best["name"] == min(means, key=lambda name: float(np.mean(means[name]))), "chosen on validation"


def test_the_folder_holds_what_the_design_says(made: Results) -> None:
    names = {path.name for path in made.folder.iterdir()}
    assert {"study.yaml", "study.db", "runs", "report.html", "table.md", "table.csv", "figures"} <= names
    assert {path.name for path in (made.folder / "runs").iterdir()} == {run["id"] for run in made.to_dict()["runs"]}
    frame = pd.read_parquet(made.best().folder / "predictions.parquet")
    assert {"split", "step", "id", "label", "predicted", "p_damaged", "p_return", "p_status"} <= set(frame.columns)
    tests = frame[frame["split"] == "test"]
    accuracy = next(run["accuracy"] for run in made.to_dict()["runs"] if run["id"] == made.to_dict()["best"])
    assert float((tests["label"] == tests["predicted"]).mean()) == pytest.approx(accuracy)


def test_the_best_model_predicts_what_was_recorded(made: Results, messages_csv: Path, tmp_path: Path) -> None:
    saved = made.best().save(tmp_path / "model")
    frame = pd.read_parquet(made.best().folder / "predictions.parquet").query("split == 'test'")
    rows = pd.read_csv(messages_csv).set_index("id").loc[frame["id"]]
    found = load_model(saved).predict(rows.reset_index())
    assert list(found.columns[:3]) == ["id", "message", "intent"]
    assert found["prediction"].tolist() == frame["predicted"].tolist()
    np.testing.assert_allclose(found["p_damaged"], frame["p_damaged"], atol=1e-4)
    assert load_model(made.folder).predict(["where is my parcel"]).shape == (1, 4)
    with pytest.raises(StoreError, match="The folder is not empty"):
        made.best().save(tmp_path / "model")


def test_every_run_of_the_study_loads(made: Results) -> None:
    texts = ["it arrived broken", "where is it"]
    for run in made.runs():
        probabilities = run.load().predict(texts).filter(like="p_").to_numpy()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_predict_says_what_it_needs(made: Results) -> None:
    model = load_model(made.folder)
    with pytest.raises(ColumnError, match=r"There is no column 'message' .* Found: columns mesage. Rename 'mesage'"):
        model.predict(pd.DataFrame({"mesage": ["x"]}))
    with pytest.raises(ColumnError, match="predict takes a list of texts"):
        model.predict("a text")
    assert model.predict([]).shape == (0, 4)


def test_load_model_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"There is no trained model \(.*nowhere\). Found: no such folder"):
        load_model(tmp_path / "nowhere")


def test_a_finished_study_is_not_trained_again(made: Results, tiny_folder: Path, messages_csv: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (made.folder / "runs").rglob("*.safetensors")}
    study = Study.from_file(made.folder / "study.yaml")
    again = study.run(made.folder, progress=False)
    assert {path: path.stat().st_mtime_ns for path in (made.folder / "runs").rglob("*.safetensors")} == before
    assert again.to_dict() == made.to_dict()


def test_another_study_in_the_same_folder_is_refused_with_the_difference(made: Results) -> None:
    study = Study.from_file(made.folder / "study.yaml", {"training.epochs": 3})
    with pytest.raises(StoreError, match=r"holds another study .* Found: training.epochs was 2.0 and is 3.0"):
        study.run(made.folder, progress=False)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    study = Study(model=str(tiny_folder), data=load_data(messages_csv), compare=[Head()])
    with pytest.raises(StoreError, match="The folder is not empty and holds no study"):
        study.run(tmp_path, progress=False)


def test_results_as_pandas_and_in_a_notebook(made: Results) -> None:
    frame = made.to_pandas()
    assert frame.shape[0] == 10
    assert {"accuracy", "validation.loss", "trainable"} <= set(frame.columns)
    assert "LoRA r=4 query+value" in made._repr_html_()
    assert isinstance(made.verdict(), str)
    assert Results.open(made.folder).to_dict() == made.to_dict()


def test_a_plan_counts_times_and_says_how_much_is_cut(tiny_folder: Path, messages_csv: Path) -> None:
    study = Study(
        model=str(tiny_folder), data=load_data(messages_csv, max_length=16), compare=[Head(), LoRA()], training=TRAINING
    )
    plan = study.plan()
    assert (cache_folder() / "timings.json").is_file()
    assert [run.steps for run in plan.runs] == [2 * -(-plan.rows["train"] // 16)] * 2
    assert plan.seconds is not None
    assert plan.seconds > 0
    assert all(run.memory_mib is not None and run.memory_mib > 1 for run in plan.runs)
    assert plan.truncated["train"] > 0.5
    assert sum(plan.rows.values()) == 240
    shown = str(plan)
    assert shown.startswith("2 runs of 2 configurations\n  head ")
    assert "of the texts cut off" in shown
    assert "the whole study: " in shown
    again = Study(
        model=str(tiny_folder), data=load_data(messages_csv, max_length=16), compare=[Head()], training=TRAINING
    ).plan()
    assert again.runs[0].seconds == plan.runs[0].seconds, "taken from the cache"


def test_without_weights_the_plan_still_counts(messages_csv: Path) -> None:
    study = Study(model="distilbert/distilbert-base-uncased", data=load_data(messages_csv), compare=[LoRA()])
    plan = outline(study, timings=False)
    assert plan.runs[0].counts.adapter == 147_456
    assert plan.runs[0].seconds is None
    assert plan.seconds is None
    assert plan.notices[0].startswith("the model itself is out of reach")


def test_a_dataframe_is_data_too(tiny_folder: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"text": [f"word{number} here" for number in range(60)], "label": [number % 2 for number in range(60)]}
    )
    results = Study(model=str(tiny_folder), data=frame, compare=[Head()], training=TRAINING).run(
        tmp_path / "out", progress=False
    )
    assert results.to_dict()["runs"][0]["status"] == "done"


def test_a_study_without_test_rows_is_refused_before_it_trains(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    data = replace(load_data(messages_csv, test=0.0), tested=False)
    study = Study(model=str(tiny_folder), data=data, compare=[Head()], training=TRAINING)
    with pytest.raises(SplitError, match="There are no test rows"):
        study.run(tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_settings_that_cannot_be_meant_are_reported_together(messages_csv: Path) -> None:
    with pytest.raises(StudyFileError) as caught:
        Study(model="builtin:minilm", data=load_data(messages_csv), training={"epoch": 1, "batch_size": 0}, seeds=0)
    assert len(caught.value.problems) == 3


def test_max_length_is_held_to_the_model_s_positions(tiny_folder: Path, messages_csv: Path) -> None:
    study = Study(model=str(tiny_folder), data=load_data(messages_csv, max_length=500), compare=[Head()])
    assert study.encoded.notices == ("max_length 500 is more than the model's 80 positions; 80 is used",)
