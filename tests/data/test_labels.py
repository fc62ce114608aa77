from __future__ import annotations

import pandas as pd
import pytest

from tests.data.refusing import refuses
from tunefork.config import DataConfig
from tunefork.data import LabelMap, Splits, load_splits
from tunefork.errors import LabelError


def frame(labels: list[object], word: str = "train") -> pd.DataFrame:
    return pd.DataFrame(
        {"text": [f"{word} {row}" for row in range(len(labels))], "label": pd.Series(labels, dtype=object)}
    )


def load(labels: list[object], test: list[object] | None = None, **config: object) -> Splits:
    frames = {"train": frame(labels), "test": frame(labels if test is None else test, "test")}
    return load_splits(DataConfig(train="-", text="text", label="label", validation=0, **config), frames=frames)


def refused(labels: list[object], test: list[object] | None = None, **config: object) -> LabelError:
    with refuses(LabelError) as caught:
        load(labels, test, **config)
    return caught.value


def test_label_map():
    labels = LabelMap(("neg", "pos"))
    assert labels.decode(labels.encode(["pos", "neg"])) == ["pos", "neg"]
    assert labels.label2id == {"neg": 0, "pos": 1}
    assert labels.id2label == {0: "neg", 1: "pos"}
    assert LabelMap.from_dict(labels.to_dict()) == labels
    with refuses(LabelError, match="no class 'nut'"):
        labels.encode(["nut"])


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a"], ("a", "b")),
        ([10, 9, 2], ("2", "9", "10")),
        (["10", "9", "x"], ("9", "10", "x")),
        ([True, False], ("false", "true")),
        ([-1, 1, 0], ("-1", "0", "1")),
        (["NA", "None"], ("NA", "None")),
    ],
)
def test_names_and_their_order(labels, names):
    splits = load(labels * 2)
    assert splits.labels.names == names
    assert splits.labels.decode(splits.train.labels) == [
        str(label).lower() if isinstance(label, bool) else str(label) for label in labels * 2
    ]


def test_whole_floats_become_classes_with_a_notice():
    splits = load([0.0, 1.0, 1.0])
    assert splits.labels.names == ("0", "1")
    assert "3 labels of train DataFrame are whole floating-point numbers, read as classes." in splits.notices
    assert "1 label of train DataFrame is a whole floating-point number, read as a class." in load([0.0, "x"]).notices
    one = load(["1.0", "0", "0"])
    assert "1 label of train DataFrame written as a whole number with decimals, read as a class." in one.notices
    splits = load(["0.0", "1.0", "1"])
    assert splits.labels.names == ("0", "1")
    assert "2 labels of train DataFrame written as whole numbers with decimals, read as classes." in splits.notices


@pytest.mark.parametrize("labels", [[0.5, 1.0], ["0.5", "1.0"], [1.0, float("inf")]])
def test_fractions_look_like_regression(labels):
    error = refused(labels)
    assert "regression" in error.what
    assert "train DataFrame index" in error.where
    assert "column 'label'" in error.where
    assert error.found in ("0.5", "inf")
    assert "classes" in error.fix


def test_fractions_that_classes_lists_are_classes():
    assert load(["0.5", "1.0"], classes=("0.5", "1.0")).labels.names == ("0.5", "1.0")
    assert load([0.5, 1.5], classes=("0.5", "1.5")).labels.names == ("0.5", "1.5")


def test_a_number_and_its_text_collide():
    error = refused(["1", "0", 1])
    assert error.what == "Labels of different kinds would become one class '1'"
    assert error.where == "train DataFrame indices 0, 2, column 'label'"
    assert error.found == "the text '1' and the number 1"
    assert "all as text" in error.fix
    assert "boolean" in refused(["true", True, "no"]).found
    assert load([True, 2, False]).labels.names == ("2", "false", "true")


def test_a_truth_value_and_its_number_collide():
    error = refused(["x", True, False, 1])
    assert error.what == "Labels of different kinds that are equal would become two, 'true' and '1'"
    assert error.where == "train DataFrame indices 1, 3, column 'label'"
    assert error.found == "the boolean true and the number 1"
    assert error.fix
    assert "the number 0.0 and the boolean false" in refused([0.0, False, "x"]).found


@pytest.mark.parametrize("labels", [["1.0", "1", "0.0", "x"], ["x", "1.", "2", "1.00"], ["1.0", 1, "x", 0]])
def test_one_number_in_two_ways_collides(labels):
    error = refused(labels)
    assert error.what == "One number would become several labels"
    assert "train DataFrame indices" in error.where
    assert error.found in ("'1.0' and '1'", "'1.' and '1.00'")
    assert "classes:" in error.fix


def test_numbers_that_classes_lists_are_meant():
    names = ("0.0", "1", "1.0", "x")
    assert load(["1.0", "1", "0.0", "x"], classes=names).labels.names == names
    with refuses(LabelError, match="One number"):
        load(["1.0", "1", "0"], classes=("0", "1"))


def test_a_whole_number_with_and_without_a_nought_is_a_warning():
    splits = load(["01", "1", "2", "01", "x"])
    assert splits.labels.names == ("01", "1", "2", "x")
    assert (
        "Labels in column 'label' are the same number and count as several: '01' and '1' (train DataFrame indices "
        "0, 1). Write each in one way, or list all labels in classes:, and this is not said." in splits.warnings
    )
    known = load(["01", "1", "2"], classes=("01", "1", "2"))
    assert not any("same number" in each for each in known.warnings)


def test_a_list_is_no_label():
    error = refused([["a"], "b"])
    assert error.what == "This is not a label"
    assert error.found == "a value of type list"


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, pd.NaT, "", "  ", "\u200b", "\x00"])
def test_missing_labels(gap):
    error = refused(["a", gap, "b", gap])
    assert error.what == "2 rows have no label in column 'label'"
    assert error.where == "train DataFrame indices 1, 3"
    assert error.found == "2 labels in 4 rows"
    assert "--drop-missing" in error.fix
    splits = load(["a", gap, "b", gap], drop_missing=True)
    assert splits.rows == {"train": 2, "test": 2}
    assert "2 rows without a label left out (train DataFrame indices 1, 3)." in splits.notices


@pytest.mark.parametrize("gap", ["nan", "NaN", "NAN", " nan "])
def test_a_written_nan_is_a_missing_label(gap):
    error = refused(["a", gap, "b", gap])
    assert error.what == "2 rows have no label in column 'label'"
    assert error.where == "train DataFrame indices 1, 3"
    assert error.found == f"2 labels in 4 rows; '{gap.strip()}', which stands for a missing value, in 2 rows"
    assert error.fix.startswith("Fill them in, or leave these rows out with --drop-missing (drop_missing: true).")
    assert error.fix.endswith(f"If '{gap.strip()}' is a class, list it with all others in classes:.")
    splits = load(["a", gap, "b", None], drop_missing=True)
    assert splits.labels.names == ("a", "b")
    assert splits.rows == {"train": 2, "test": 2}
    assert (
        f"2 rows without a label left out (train DataFrame indices 1, 3); '{gap.strip()}', which stands for a missing "
        "value, in 1 row." in splits.notices
    )


def test_nan_is_a_class_where_classes_lists_it():
    splits = load(["nan", "b", "nan"], classes=("b", "nan"))
    assert splits.labels.names == ("b", "nan")
    assert splits.train.labels.tolist() == [1, 0, 1]
    assert refused(["NaN", "b", "nan"], classes=("b", "nan")).where == "train DataFrame index 0"
    assert not any("missing" in warning for warning in splits.warnings)


@pytest.mark.parametrize("name", ["NA", "N/A", "null", "None", "<NA>"])
def test_a_class_that_reads_like_a_missing_value_is_a_warning(name):
    splits = load(["a", name, "b", name], ["a", "b"])
    assert splits.labels.names == tuple(sorted(["a", "b", name]))
    warning = (
        f"2 rows have a label in column 'label' that reads like a missing value: '{name}' in 2 (train DataFrame "
        "indices 1, 3). It is read as a class. If no label is meant, take these rows out of the file; if they are "
        "meant, list all classes in classes:, and this is not said."
    )
    assert warning in splits.warnings
    assert not any("missing" in each for each in load(["a", name, "b"], classes=("a", "b", name)).warnings)
    assert not any("missing" in each for each in load(["a", "none", "b"]).warnings)


def test_outer_blanks_go_with_a_notice():
    splits = load([" a", "a", "b\n"])
    assert splits.labels.names == ("a", "b")
    assert "2 labels of train DataFrame stripped of outer blanks." in splits.notices


def test_one_class_only():
    error = refused(["a", "a"])
    assert error.what == "There is only one class"
    assert error.where == "train DataFrame, column 'label'"
    assert error.found == "'a' in 2 rows"
    assert "two classes" in error.fix


def test_a_label_that_training_never_saw():
    error = refused(["a", "b"], ["a", "c", "b", "c", "d"])
    assert error.what == "The label 'c' is in test but not in training, and so is 1 more"
    assert error.where == "test DataFrame indices 1, 3, column 'label'"
    assert error.found == "'c' in 2 rows, 'd' in 1 row; training labels a, b"
    assert error.fix
    many = refused(["a", "b"], ["a", *"cdefghi", "c"])
    assert many.found.startswith("'c' in 2 rows, 'd' in 1 row, 'e' in 1 row, 'f' in 1 row, 'g' in 1 row and 2 more; ")


def test_classes_name_numbers():
    splits = load([0, 1, 0], classes=("no", "yes"))
    assert splits.labels.names == ("no", "yes")
    assert splits.train.labels.tolist() == [0, 1, 0]
    error = refused([1, 2], classes=("no", "yes"))
    assert error.what == "classes has no name for the label 2"
    assert error.found == "labels 1, 2; classes names 0 to 1"
    assert "start from 0" in error.fix
    assert "No training row has the class 'maybe'." in load([0, 1], classes=("no", "yes", "maybe")).warnings


def test_classes_order_and_limit_names():
    splits = load(["a", "b", "c", "c"], classes=("b", "a"))
    assert splits.labels.names == ("b", "a")
    assert splits.train.labels.tolist() == [1, 0]
    assert splits.rows == {"train": 2, "test": 2}
    assert "2 training rows left out: classes does not name c." in splits.notices
    assert "2 test rows left out by classes." in splits.notices
    error = refused(["yes", "no"], classes=("yes", "noo"))
    assert error.what == "No training row has the class 'noo' that classes names"
    assert error.fix == "Did you mean 'no'?"
    assert "'a' twice" in refused(["a", "b"], classes=("a", "b", "a")).what


def test_names_that_differ_in_case_are_pointed_out():
    assert "Class names that differ in case only: 'Pos' and 'pos'." in load(["pos", "Pos", "neg"]).warnings
