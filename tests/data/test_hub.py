from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tunefork.config import DataConfig
from tunefork.data import load_splits, read_rows
from tunefork.data.hub import HubSource, parse_hub
from tunefork.errors import MissingExtraError, ReadError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A data set saved by ``datasets``, with class names, hidden test labels and a split that is never read."""
    import datasets

    monkeypatch.chdir(tmp_path)
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})

    def rows(name: str, number: int, hidden: bool = False) -> object:
        values = {
            "text": [f"{name} {row}" for row in range(number)],
            "label": [-1 if hidden else r % 2 for r in range(number)],
        }
        return datasets.Dataset.from_dict(values, features=features)

    sets = {
        "train": rows("t", 40),
        "validation": rows("v", 10),
        "test": rows("e", 12, hidden=True),
        "other": rows("o", 3),
    }
    datasets.DatasetDict(sets).save_to_disk(tmp_path / "set")
    return tmp_path / "set"


def test_parts_of_a_source():
    assert parse_hub("hub:glue@sst2#validation") == HubSource("glue", "sst2", "validation")
    assert parse_hub("hub:org/name") == HubSource("org/name")
    with pytest.raises(ReadError, match="no name"):
        parse_hub("hub:@sst2")


def test_class_labels_become_their_names(folder):
    table = read_rows(f"hub:{folder}")
    assert table.values["label"][:3] == ["no", "yes", "no"]
    assert table.place(2) == f"hub:{folder}#train row 3"
    assert len(read_rows("hub:set#other")) == 3


def test_own_splits_are_used_where_the_configuration_leaves_the_defaults(folder):
    splits = load_splits(DataConfig(train="hub:set"), base=folder.parent)
    assert splits.rows == {"train": 32, "validation": 10, "test": 8}
    assert splits.labels.names == ("no", "yes")
    assert "validation: the data set's own split hub:set#validation is used (10 rows)." in splits.notices
    assert "hub:set#test has no labels and is not used; test rows are held out of train." in splits.notices
    splits = load_splits(DataConfig(train="hub:set", validation=0, test=0.25), base=folder.parent)
    assert splits.rows == {"train": 30, "test": 10}
    splits = load_splits(DataConfig(train="hub:set", validation="hub:set#other", test="hub:set#validation"))
    assert splits.rows == {"train": 40, "validation": 3, "test": 10}


def test_a_folder_of_files(tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.csv").write_text("text,label\na,x\nb,y\n")
    assert read_rows(f"hub:{tmp_path / 'set'}").values["text"] == ["a", "b"]


def test_splits_without_rows_are_as_good_as_none(folder, monkeypatch):
    import datasets

    sets = datasets.load_from_disk(folder)
    monkeypatch.setattr(
        "tunefork.data.hub._load", lambda *_: {"train": sets["train"], "test": sets["other"].select([])}
    )
    assert load_splits(DataConfig(train="hub:set")).rows == {"train": 29, "validation": 3, "test": 8}


def test_no_such_split(folder):
    with pytest.raises(ReadError) as caught:
        read_rows("hub:set#tran")
    assert caught.value.what == "The data set has no split 'tran'"
    assert caught.value.found == "splits train, validation, test, other"


def test_what_datasets_cannot_load(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError) as caught:
        read_rows(f"hub:{tmp_path / 'empty'}")
    assert "cannot be loaded" in caught.value.what
    assert caught.value.found


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="datasets") as caught:
        read_rows("hub:imdb")
    assert caught.value.extra == "hub"


def test_lists_of_class_labels_become_lists_of_names(tmp_path):
    import datasets

    names = datasets.ClassLabel(names=["joy", "fear", "anger"])
    features = datasets.Features({"text": datasets.Value("string"), "labels": datasets.Sequence(names)})

    def rows(word: str, labels: list[list[int]]) -> object:
        values = {"text": [f"{word} {row}" for row in range(len(labels))], "labels": labels}
        return datasets.Dataset.from_dict(values, features=features)

    sets = {"train": rows("t", [[0, 2], [], [1], [0]] * 10), "test": rows("e", [[-1]] * 4)}
    datasets.DatasetDict(sets).save_to_disk(tmp_path / "set")
    table = read_rows(f"hub:{tmp_path / 'set'}")
    assert table.values["labels"][:3] == [["joy", "anger"], [], ["fear"]]
    splits = load_splits(DataConfig(train=f"hub:{tmp_path / 'set'}"))
    assert splits.labels.names == ("anger", "fear", "joy")
    assert splits.rows == {"train": 29, "validation": 3, "test": 8}
    assert any("#test has no labels and is not used" in text for text in splits.notices)


def test_numbers_stay_numbers_and_hidden_ones_are_not_used(tmp_path):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.Value("float32")})

    def rows(word: str, labels: list[float]) -> object:
        values = {"text": [f"{word} {row}" for row in range(len(labels))], "label": labels}
        return datasets.Dataset.from_dict(values, features=features)

    sets = {"train": rows("t", [0.0, 2.5, 5.0, 3.75] * 10), "test": rows("e", [-1.0] * 4)}
    datasets.DatasetDict(sets).save_to_disk(tmp_path / "set")
    splits = load_splits(DataConfig(train=f"hub:{tmp_path / 'set'}", problem="regression", validation=0))
    assert splits.rows == {"train": 32, "test": 8}
    assert sorted(set(splits.train.labels)) == [0.0, 2.5, 3.75, 5.0]
