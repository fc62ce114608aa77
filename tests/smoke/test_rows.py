"""Made-up rows: columns, classes, splits, and that they can be learnt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.digest import digest
from tunefork.config import DataConfig
from tunefork.data import load_splits
from tunefork.smoke.rows import vocabulary, write_rows
from tunefork.smoke.schema import Schema, schema_of

IMDB = "hub:stanfordnlp/imdb"


def test_a_published_set_is_not_read() -> None:
    found = schema_of(DataConfig(train=f"{IMDB}#train", test=f"{IMDB}#test", text=("text",), label="label"))
    assert found == Schema(False, ("text",), ("label",), ("neg", "pos"), "single_label", apart=("test",))


def test_rows_of_a_file_are_looked_at(tmp_path: Path) -> None:
    lines = [f"r{n},first {n},second {n},{'xyz'[n % 3]}" for n in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(["id,premise,hypothesis,verdict", *lines]))
    config = DataConfig(train="rows.csv", text=("premise", "hypothesis"), label="verdict")
    found = schema_of(config, tmp_path)
    assert found == Schema(False, ("premise", "hypothesis"), ("verdict",), ("x", "y", "z"), "single_label", id="id")


def test_the_splits_of_a_folder_are_its_own(digit_folder: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        shutil.copytree(digit_folder, tmp_path / "photos" / split)
    found = schema_of(DataConfig(train="photos", leakage="allow"), tmp_path)
    assert found == Schema(
        True, ("image",), ("label",), ("one", "three", "two", "zero"), "single_label", apart=("test",)
    )


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "flags", "regression"])
def test_made_up_rows_are_read_back_as_what_they_stand_for(problem: str, tmp_path: Path) -> None:
    kind = "multi_label" if problem == "flags" else problem
    label = ("a", "b", "c") if problem == "flags" else ("label",)
    separator = "|" if problem == "multi_label" else ""
    schema = Schema(
        False, ("text",), label, ("price",) if kind == "regression" else ("a", "b", "c"),
        kind, id="id", group="who", separator=separator, apart=("test",),
    )  # fmt: skip
    files = write_rows(schema, tmp_path, held_out=0.25)
    assert set(files) == {"train", "test", "unlabelled"}
    assert set(pd.read_parquet(files["train"]).columns) == {"text", "id", "who", *label}
    assert set(pd.read_parquet(files["unlabelled"]).columns) == {"text", "id", "who"}
    config = DataConfig(
        train=str(files["train"]), test=str(files["test"]), validation=0.25, text=("text",),
        label=label if len(label) > 1 else label[0], id="id", group="who", problem=kind, label_separator=separator,
    )  # fmt: skip
    splits = load_splits(config)
    assert splits.rows["test"] == 64
    assert splits.rows["train"] == 128 - splits.rows["validation"] >= 90  # groups of two rows stay together
    assert splits.problem == kind
    if kind != "regression":
        assert splits.labels.names == ("a", "b", "c")
    assert splits.near_duplicates == ()
    words = set(vocabulary(schema))
    assert all(set(text.split()) <= words for (text,) in splits.train.texts)


def test_every_class_of_many_has_rows_in_every_split(tmp_path: Path) -> None:
    classes = tuple(f"dish {number}" for number in range(101))
    schema = Schema(True, ("image",), ("label",), classes, "single_label", apart=("test",))
    files = write_rows(schema, tmp_path, held_out=0.25)
    for split, least in (("train", 4), ("test", 2)):
        counts = pd.read_parquet(files[split])["label"].value_counts()
        assert (len(counts), counts.min() >= least) == (101, True)


def test_the_same_rows_are_made_again(tmp_path: Path) -> None:
    schema = Schema(True, ("image",), ("label",), ("a", "b"), "single_label")
    first, second = (write_rows(schema, tmp_path / name, held_out=0.4)["train"] for name in ("one", "two"))
    assert digest(first.read_bytes()) == digest(second.read_bytes())


def test_a_simple_classifier_learns_them(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    schema = Schema(False, ("text",), ("label",), ("a", "b", "c", "d"), "single_label", apart=("test",))
    files = write_rows(schema, tmp_path, held_out=0.0)
    train, test = (pd.read_parquet(files[name]) for name in ("train", "test"))
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)).fit(train["text"], train["label"])
    assert model.score(test["text"], test["label"]) > 0.9
