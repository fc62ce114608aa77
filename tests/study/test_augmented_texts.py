"""A study with augmented texts from beginning to end: copies are trained on, and nothing else sees them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tunefork import Head, LoRA, Results, Study, load_data
from tunefork.errors import StoreError
from tunefork.study import outline

TRAINING = {"epochs": 2, "batch_size": 16, "precision": "fp32"}
SYNONYMS = "word,synonym\nparcel,package\norder,purchase\nlate,tardy\nbroken,smashed\nreturn,send back\n"
AUGMENT = {"synonyms": "synonyms.csv", "delete": 0.1, "swap": 0.1, "copies": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Path:
    """A study file beside its rows, of which the test rows have variants among the training rows."""
    base = tmp_path_factory.mktemp("augmented")
    rows = pd.read_csv(messages_csv)
    rows.iloc[:180].to_csv(base / "train.csv", index=False)
    test = pd.concat([rows.iloc[180:], rows.iloc[:6].assign(message=rows["message"].iloc[:6] + " thanks")])
    test.assign(id=[f"t{row}" for row in range(len(test))]).to_csv(base / "test.csv", index=False)
    (base / "synonyms.csv").write_text(SYNONYMS)
    study = {
        "name": "augmented",
        "model": str(tiny_folder),
        "data": {"train": "train.csv", "test": "test.csv", "text": "message", "label": "intent", "augment": AUGMENT},
        "training": TRAINING,
        "compare": ["head", {"lora": {"rank": 2}}],
    }
    (base / "study.yaml").write_text(yaml.safe_dump(study))
    return base


@pytest.fixture(scope="module")
def made(folder: Path) -> Results:
    return Study.from_file(folder / "study.yaml").run(folder / "out", progress=False)


def test_copies_are_trained_on_and_nothing_else_sees_them(folder: Path, made: Results) -> None:
    study = Study.from_file(folder / "study.yaml")
    added = made.to_dict()["augmentation"]["copies"]
    assert added > 300
    assert made.to_dict()["rows"] == {"train": 162 + added, "validation": 18, "test": 66}
    encoded = study.encoded.rows
    assert sum("+" in name for name in encoded.train.ids) == added
    assert not any("+" in name for split in (encoded.validation, encoded.test) for name in split.ids)
    for run in made.runs():
        assert run.record.status == "done"
        assert run.record.steps == 2 * math.ceil((162 + added) / 16)
        frame = pd.read_parquet(run.folder / "predictions.parquet")
        assert set(frame["split"]) == {"validation", "test"}
        assert not frame["id"].str.contains(r"\+").any()


def test_the_plan_says_what_it_does_and_what_it_costs(folder: Path, made: Results) -> None:
    plan = Study.from_file(folder / "study.yaml").plan(timings=False)
    document = made.to_dict()
    assert [run.steps for run in plan.runs] == [run["steps"] for run in document["runs"]]
    shown = str(plan)
    assert f"augment: {document['augmentation']['copies']} changed copies of 162 training rows added" in shown
    assert "times as many rows and steps" in shown
    assert "note: augment, for example: “" in shown
    assert "warning: 5 of 66 test rows (7.6 %) nearly equal a training row" in shown
    assert plan.augmentation == json.loads(json.dumps(document["augmentation"]))
    assert [dict(found) for found in plan.near_duplicates] == document["near_duplicates"]


def test_a_plan_without_weights_says_it_too(folder: Path) -> None:
    study = Study.from_file(folder / "study.yaml", {"model": "distilbert/distilbert-base-uncased"})
    plan = outline(study)
    assert plan.augmentation["rows"] == 162
    assert plan.near_duplicates[-1]["second"] == "test"


def test_report_and_json_say_it(made: Results) -> None:
    document = made.to_dict()
    (found,) = [each for each in document["near_duplicates"] if (each["first"], each["second"]) == ("train", "test")]
    assert (found["rows"], found["of"], found["same_label"]) == (5, 66, 5), "the sixth one's row is in validation"
    assert found["pairs"][0][0].startswith("test.csv line ")
    assert found["pairs"][0][1].startswith("train.csv line ")
    assert any(warning.startswith("5 of 66 test rows (7.6 %) nearly equal") for warning in document["warnings"])
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Copies of training texts" in page
    assert "nearly equal a training row" in page
    for sample in document["augmentation"]["samples"]:
        assert f'<th scope="row">{sample["id"]}</th>' in page


def test_what_was_made_once_is_made_again(folder: Path, made: Results) -> None:
    again = Study.from_file(made.folder / "study.yaml").run(made.folder, progress=False)
    assert again.to_dict() == made.to_dict()
    assert yaml.safe_load((made.folder / "study.yaml").read_text())["data"]["augment"]["synonyms"] == str(
        folder / "synonyms.csv"
    )
    with pytest.raises(StoreError, match=r"holds another study .* Found: data.augment.seed was 0 and is 1"):
        Study.from_file(folder / "study.yaml", {"data.augment.seed": 1}).run(made.folder, progress=False)


def test_other_synonyms_are_other_data(folder: Path, made: Results) -> None:
    (folder / "synonyms.csv").write_text(SYNONYMS + "please,kindly\n")
    try:
        with pytest.raises(StoreError, match="Found: the data: its hash was"):
            Study.from_file(folder / "study.yaml").run(made.folder, progress=False)
    finally:
        (folder / "synonyms.csv").write_text(SYNONYMS)


def test_from_python(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    data = load_data(messages_csv, augment={"swap": 0.1}, near_duplicates="drop_train")
    study = Study(model=str(tiny_folder), data=data, compare=[Head(), LoRA(rank=2)], training=TRAINING)
    assert study.config.data.augment is not None
    assert study.splits.augmentation["ways"].keys() == {"swap"}
    assert len(study.splits.train) > 250
