from __future__ import annotations

import pandas as pd

from tunefork.config import DataConfig
from tunefork.data import load_splits
from tunefork.errors import LeakageError, SplitError

from .frames import frame, load, refused


def leaky() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    train, validation, test = frame("ab" * 10), frame("ab" * 5, "v"), frame("ab" * 5, "t")
    train.loc[[3, 8], "text"] = ["T  1", "v 2"]
    validation.loc[4, "text"] = "t 4"
    return train, validation, test


def test_leakage_is_an_error():
    train, validation, test = leaky()
    error = refused(LeakageError, train, None, test)
    assert error.what == "1 text is in both train and test"
    assert error.where == "train DataFrame index 3; test DataFrame index 1"
    assert error.found == "for one, 't 1'"
    assert error.fix == (
        "Remove them, leave them out of training with --leakage drop_train (leakage: drop_train), or keep them with "
        "--leakage allow (leakage: allow)."
    )
    assert "train and validation" in refused(LeakageError, train, validation, frame("ab", "x")).what
    both = refused(LeakageError, frame("ab"), validation, test)
    assert both.what == "1 text is in both validation and test"
    assert "leave them out of validation with --leakage drop_train" in both.fix


def test_leakage_drop_train():
    splits = load(*leaky(), leakage="drop_train")
    assert splits.rows == {"train": 18, "validation": 9, "test": 10}
    assert not {"3", "8"} & set(splits.train.ids)
    assert "4" not in splits.validation.ids
    assert "1 distinct text in both train and test: 1 row left out of train." in splits.notices
    assert "1 distinct text in both validation and test: 1 row left out of validation." in splits.notices
    error = refused(SplitError, frame("ab"), None, frame("ab"), leakage="drop_train")
    assert error.what == "No row of train is left: all of its texts are in test"


def test_leakage_allow():
    splits = load(*leaky(), leakage="allow")
    assert splits.rows == {"train": 20, "validation": 10, "test": 10}
    assert "1 distinct text in both train and test: results on test are too good (train: 1 row)." in splits.warnings


def test_leaks_are_removed_before_rows_are_held_out():
    train, _, test = leaky()
    splits = load_splits(
        DataConfig(train="-", validation=0.5, leakage="drop_train"), frames={"train": train, "test": test}
    )
    assert splits.rows == {"train": 9, "validation": 10, "test": 10}


def test_groups_in_two_files_are_pointed_out():
    train, test = frame("ab", customer=["x", "y"]), frame("ab", "t", customer=["y", "z"])
    assert (
        "1 value of customer in both train and test: 'y'."
        in load(train, frame("ab", "v"), test, group="customer").warnings
    )


def test_one_text_with_two_labels():
    rows = frame("ab" * 50)
    rows.loc[[10, 21], "text"] = ["same text", "Same  Text"]
    assert "1 text has more than one label in train (train DataFrame indices 10, 21)." in load(rows).warnings


def test_one_text_with_other_labels_in_another_split():
    train, test = frame("ab" * 10), frame("ab" * 5, "t")
    train.loc[[3, 4, 6], "text"] = ["T  1", "t 1", "t 3"]
    train.loc[7, "text"] = "t 9"
    warnings = load(train, None, test, leakage="allow").warnings
    assert (
        "2 texts have other labels in test than in train (train DataFrame indices 3, 4, 6; test DataFrame indices "
        "1, 3)." in warnings
    )
    assert "1 text has more than one label in train (train DataFrame indices 3, 4)." in warnings
    assert not any("other labels" in each for each in load(train, None, test, leakage="drop_train").warnings)
    numbers = [each.assign(label=range(len(each))) for each in (train, test)]
    found = load(numbers[0], None, numbers[1], leakage="allow", problem="regression").warnings
    assert any(each.startswith("3 texts have other numbers in test than in train (") for each in found)
