"""Any number of labels per row: columns of 0 and 1, lists, and texts with a separator."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.data.refusing import refuses
from tunefork.config import DataConfig
from tunefork.data import Splits, fewer, load_data, load_splits
from tunefork.errors import ColumnError, ConfigError, DataError, LabelError

ROWS = 12


def texts(rows: int = ROWS, word: str = "row") -> list[str]:
    return [f"the {word} numbered {row}" for row in range(rows)]


def column(cells: list[object], word: str = "row") -> pd.DataFrame:
    return pd.DataFrame({"text": texts(len(cells), word), "label": pd.Series(cells, dtype=object)})


def load(cells: list[object], test: list[object] | None = None, **config: object) -> Splits:
    frames = {"train": column(cells), "test": column(cells if test is None else test, "held")}
    config = {"train": "-", "text": "text", "label": "label", "validation": 0} | config
    return load_splits(DataConfig(**config), frames=frames)


def refused(cells: list[object], test: list[object] | None = None, **config: object) -> LabelError:
    with refuses(LabelError) as caught:
        load(cells, test, **config)
    return caught.value


def flags(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"text": texts(len(next(iter(columns.values())))), **columns})


def load_flags(frame: pd.DataFrame, label: str | tuple[str, ...], **config: object) -> Splits:
    frames = {"train": frame, "test": frame.assign(text="held " + frame.text)}
    return load_splits(DataConfig(train="-", label=label, validation=0, **config), frames=frames)


TWO = {"toxic": [1, 0, 1, 0], "threat": [0, 0, 1, 1]}


# Columns of 0 and 1


@pytest.mark.parametrize("label", ["toxic+threat", "toxic + threat", ("toxic", "threat")])
def test_several_columns_are_labels_in_their_order(label):
    splits = load_flags(flags(**TWO), label)
    assert splits.problem == "multi_label"
    assert splits.labels.names == ("toxic", "threat")
    assert splits.train.labels.tolist() == [[1, 0], [0, 0], [1, 1], [0, 1]]
    assert splits.train.labels.dtype == np.int8
    assert (splits.columns.label, splits.columns.labels) == ("toxic+threat", ("toxic", "threat"))
    assert splits.columns.text == ("text",)
    assert repr(splits) == "Splits(4 train, 4 test rows, 2 labels)"
    assert load_flags(flags(**TWO), ("threat", "toxic")).labels.names == ("threat", "toxic")


@pytest.mark.parametrize(
    "said",
    [
        [1, 0, 0, 1],
        ["1", "0", "0", "1"],
        [1.0, 0.0, 0.0, 1.0],
        ["1.0", "0.0", "0.0", "1.0"],
        [True, False, False, True],
        ["true", "FALSE", "False", "True"],
        ["yes", "no", " No ", "Yes"],
        [True, 0, "no", "1"],
    ],
)
def test_ways_to_say_yes_and_no(said):
    frame = flags(toxic=said, threat=[1, 1, 0, 0])
    assert load_flags(frame, "toxic+threat").train.labels[:, 0].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("cell", [2, 0.5, "maybe", -1, "t"])
def test_a_cell_that_says_neither(cell):
    with refuses(LabelError) as caught:
        load_flags(flags(toxic=[1, 0, cell, cell], threat=[1, 1, 0, 0]), "toxic+threat")
    assert str(caught.value) == (
        "2 rows say neither 0 nor 1 in the label column 'toxic' (train DataFrame indices 2, 3, column 'toxic'). "
        f"Found: {cell!r}. Where there are several label columns, write 0 or 1, true or false, yes or no in each."
    )


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, "", " "])
def test_missing_cells_of_several_columns(gap):
    frame = flags(toxic=pd.Series([1, gap, 0, gap], dtype=object), threat=[1, 1, 0, 0], rude=[0, 1, 1, 0])
    with refuses(LabelError) as caught:
        load_flags(frame, "toxic+threat+rude")
    assert str(caught.value) == (
        "2 rows have no label in column 'toxic' (train DataFrame indices 1, 3). Found: 2 labels in 4 rows. "
        "Fill them in, or leave these rows out with --drop-missing (drop_missing: true)."
    )
    splits = load_flags(frame, "toxic+threat+rude", drop_missing=True)
    assert splits.train.labels.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert "2 rows without a label left out (train DataFrame indices 1, 3)." in splits.notices


def test_a_written_nan_is_a_missing_label():
    for cells, config in ((["['a']", "nan", "[]", "['b']"], {}), (["a|b", "NaN", "", "b"], {"label_separator": "|"})):
        error = refused(cells, **config)
        assert error.what == "1 row has no label in column 'label'"
        assert error.where == "train DataFrame index 1"
        assert "which stands for a missing value, in 1 row" in error.found
        assert load(cells, drop_missing=True, **config).train.labels.tolist()[1] == [0, 0]
    cells = ["a|nan", "nan", "", "a"]
    assert load(cells, label_separator="|", classes=("a", "nan")).train.labels.tolist()[1] == [0, 1]


def test_a_label_that_reads_like_a_missing_value_is_a_warning():
    cells = [["a"], ["nan", "None"], ["b"]]
    (warning,) = [each for each in load(cells, [["a"], ["b"]]).warnings if "missing" in each]
    assert warning.startswith(
        "1 row has a label in column 'label' that reads like a missing value: 'None' in 1, 'nan' in 1 (train DataFrame "
        "index 1)."
    )
    known = load(cells, classes=("a", "b", "nan", "None"))
    assert not any("missing" in each for each in known.warnings)


def test_one_number_in_two_ways_collides():
    assert refused(["1.0|x", "1", "x"], label_separator="|").found == "'1.0' and '1'"
    warnings = load([["01"], ["1"], ["x"]]).warnings
    assert any("are the same number and count as several: '01' and '1' (train" in each for each in warnings)


def test_a_nan_in_columns_of_0_and_1_is_a_missing_label():
    with refuses(LabelError) as caught:
        load_flags(flags(toxic=["1", "nan", "0"], threat=["1", "0", "1"]), "toxic+threat")
    assert caught.value.what == "1 row has no label in column 'toxic'"


def test_a_column_whose_name_has_a_plus_is_one_column():
    splits = load_flags(flags(**{"a+b": [1, 0, 0, 1], "a": [1, 0, 0, 1], "b": [0, 0, 1, 1]}), "a+b")
    assert splits.problem == "single_label"
    assert splits.columns.labels == ()


def test_one_column_as_a_tuple_is_one_label():
    splits = load_flags(flags(**TWO), ("toxic",))
    assert splits.labels.names == ("toxic",)
    assert splits.train.labels.tolist() == [[1], [0], [1], [0]]
    assert repr(splits).endswith("1 label)")


def test_columns_that_are_not_there_or_used_twice():
    with pytest.raises(ColumnError) as caught:
        load_flags(flags(**TWO), "toxic+thraet")
    assert caught.value.what == "There is no column 'thraet' for the label"
    assert caught.value.fix == "Did you mean 'threat'?"
    for label in ("toxic+toxic", "text+toxic", "toxic+id"):
        with pytest.raises(ColumnError, match="is given two parts to play"):
            load_flags(flags(**TWO, id=["a", "b", "c", "d"]), label, text="text", id="id")


@pytest.mark.parametrize("problem", ["single_label", "regression"])
def test_several_columns_are_neither_classes_nor_numbers(problem):
    with pytest.raises(ConfigError) as caught:
        load_flags(flags(**TWO), "toxic+threat", problem=problem)
    thing = "class" if problem == "single_label" else "number"
    assert str(caught.value) == (
        f"problem: {problem} has one label column (label: toxic+threat). Found: 2 columns. "
        f"Name the column with the {thing}; several columns of 0 and 1 are problem: multi_label."
    )


def test_several_columns_have_no_separator():
    with pytest.raises(ConfigError) as caught:
        load_flags(flags(**TWO), "toxic+threat", label_separator="|")
    assert caught.value.found == "2 label columns"


def test_label_columns_are_not_guessed_as_text():
    frame = flags(toxic=["yes", "no"] * 6, threat=["no"] * 11 + ["yes"]).drop(columns="text").assign(note="parcel")
    frames = {"train": frame, "test": frame.assign(note="letter")}
    found = load_splits(DataConfig(train="-", label="toxic+threat", validation=0), frames=frames)
    assert found.columns.text == ("note",), "more of toxic's values are distinct"


def test_columns_of_0_and_1_are_named_where_the_label_cannot_be_guessed():
    frame = flags(toxic=[1, 0] * 6, threat=["0", "1"] * 6, kind=["x", "y", "z"] * 4)
    with pytest.raises(ColumnError) as caught:
        load_splits(DataConfig(train="-"), frames={"train": frame})
    assert str(caught.value) == (
        "The label column cannot be guessed: toxic, threat, kind all look like one (train DataFrame). "
        "Found: columns text, toxic, threat, kind. Name it: --label COLUMN (label: in a study file). "
        "Where each of several columns says 0 or 1 of a label, name them all: --label toxic+threat."
    )


def test_classes_order_and_limit_columns():
    splits = load_flags(flags(**TWO, rude=[1, 1, 0, 0]), "toxic+threat+rude", classes=("rude", "toxic"))
    assert splits.labels.names == ("rude", "toxic")
    assert splits.train.labels.tolist() == [[1, 1], [1, 0], [0, 1], [0, 0]]
    assert "2 labels left out: classes does not name threat." in splits.notices
    with refuses(LabelError) as caught:
        load_flags(flags(**TWO), "toxic+threat", classes=("threta",))
    assert caught.value.found == "labels toxic, threat"
    assert caught.value.fix == "Did you mean 'threat'?"


# Lists


LISTS = [["joy", "anger"], [], ["joy"], ["fear", "joy"]]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset, np.array])
def test_a_list_in_every_row_is_several_labels(kind):
    splits = load([kind(cell) for cell in LISTS])
    assert splits.labels.names == ("anger", "fear", "joy")
    assert splits.train.labels.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 1], [0, 1, 1]]
    assert splits.columns.labels == ()
    assert "Column 'label' has a list in every row: rows may have any number of labels (multi_label)." in splits.notices


def test_files_with_lists(write):
    frame = column(LISTS * 5).assign(text=texts(20))
    write("a.jsonl", frame.to_json(orient="records", lines=True))
    frame.to_parquet("a.parquet")
    write("json.csv", frame.assign(label=[json.dumps(cell) for cell in frame.label]).to_csv(index=False))
    write("python.csv", frame.to_csv(index=False))
    write("joined.csv", frame.assign(label=["|".join(cell) for cell in frame.label]).to_csv(index=False))
    found = {
        name: load_splits(DataConfig(train=name, label="label", label_separator="|" if name == "joined.csv" else ""))
        for name in ("a.jsonl", "a.parquet", "json.csv", "python.csv", "joined.csv")
    }
    assert len({splits.hash for splits in found.values()}) == 1
    assert {splits.labels.names for splits in found.values()} == {("anger", "fear", "joy")}


def test_numbers_are_labels_in_numeric_order_and_classes_name_them():
    cells = [[10, 2], [2], [], [np.int64(1), 10.0]]
    assert load(cells).labels.names == ("1", "2", "10")
    splits = load([[0, 2], [2], [], [1]], classes=("anger", "fear", "joy"))
    assert splits.labels.names == ("anger", "fear", "joy")
    assert splits.train.labels.tolist() == [[1, 0, 1], [0, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_a_label_that_stands_twice_is_kept_once_and_blanks_go():
    splits = load([["a", "a ", "b"], ["b"], [" a"]])
    assert splits.train.labels.tolist() == [[1, 1], [0, 1], [1, 0]]
    assert "2 labels of train DataFrame stripped of outer blanks." in splits.notices
    assert "1 label of train DataFrame twice in one row, kept once." in splits.notices


def test_classes_order_and_limit_lists_and_rows_stay():
    splits = load(LISTS, classes=("joy", "anger"))
    assert splits.labels.names == ("joy", "anger")
    assert splits.train.labels.tolist() == [[1, 1], [0, 0], [1, 0], [1, 0]]
    assert splits.rows == {"train": 4, "test": 4}
    assert "1 label left out: classes does not name fear." in splits.notices
    error = refused(LISTS, classes=("joy", "angst"))
    assert error.what == "No training row has the class 'angst' that classes names"
    assert error.found == "labels anger, fear, joy"


def test_one_label_is_enough_and_none_is_not():
    assert load([["a"], [], ["a"], []]).train.labels.tolist() == [[1], [0], [1], [0]]
    error = refused([[], [], []])
    assert error.what == "No training row has a label"
    assert error.where == "train DataFrame, column 'label'"


def test_missing_lists_and_empty_lists_differ():
    error = refused([["a"], None, [], float("nan")])
    assert error.what == "2 rows have no label in column 'label'"
    assert error.where == "train DataFrame indices 1, 3"
    assert load([["a"], None, []], drop_missing=True).train.labels.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("item", "reason"),
    [("", "empty"), (" ", "empty"), (None, "empty"), (0.5, "no label"), (True, "no label"), (["a"], "no label")],
)
def test_items_that_are_no_labels(item, reason):
    error = refused([["a"], ["b", item]])
    assert str(error) == (
        f"An item of a list of labels is {reason} (train DataFrame index 1, column 'label'). Found: {item!r}. "
        "Labels are texts or whole numbers. A row without labels has an empty list."
    )


def test_a_number_and_its_text_in_lists_collide():
    error = refused([["1"], [2], [1]])
    assert error.what == "Labels of different kinds would become one label '1'"
    assert error.where == "train DataFrame indices 0, 2, column 'label'"


def test_lists_of_0_and_1_for_each_label_are_not_read_as_labels():
    error = refused([[0, 0, 1], [1.0, 0.0, 1.0], [0, 1, 0]])
    assert str(error) == (
        "The lists of column 'label' look like 0 or 1 for each label, not like the labels that a row has "
        "(train DataFrame index 0). Found: [0, 0, 1]. Write the labels that each row has, such as [2, 5] or ['joy'], "
        "or a column of 0 and 1 for each label (--label a+b)."
    )
    assert load([[0, 1], [1, 0], [0, 1]]).labels.names == ("0", "1")


def test_numpy_arrays_written_as_texts_are_not_read_as_one_label():
    error = refused(["['a' 'b']", "['a']"])
    assert str(error) == (
        "The lists of column 'label' have no commas, as NumPy writes them (train DataFrame index 0). "
        """Found: "['a' 'b']". Write lists with commas: turn the arrays into lists before the file is written """
        "(tolist())."
    )


def test_texts_of_lists_count_only_where_all_are():
    assert load(["['a']", "b", "b"]).problem == "single_label"
    assert load(["['a']", "['b']", "['a', 'b']"], problem="single_label").labels.names == (
        "['a', 'b']",
        "['a']",
        "['b']",
    )
    error = refused(["['a']", "", "[]"])
    assert error.what == "1 row has no label in column 'label'"
    assert load(["['a']", "", "[]"], drop_missing=True).train.labels.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    "text",
    ["[" * 5000 + "]" * 5000, "[" + "-" * 100_000 + "1]", "['a', __import__('os')]", "[1, 2", "[x]", "[*a]", "{'a'}"],
)
def test_texts_that_are_no_lists_are_classes(text):
    assert load([text, "['a']"]).labels.names == tuple(sorted([text, "['a']"]))


def test_lists_are_no_classes():
    error = refused(LISTS, problem="single_label")
    assert str(error) == (
        "This is not a label (train DataFrame index 0, column 'label'). Found: a value of type list. Labels are texts, "
        "whole numbers or booleans. Rows that may have several labels have a list in every row (problem: multi_label)."
    )


# Texts with a separator


def test_a_separator_splits_texts_and_an_empty_text_has_no_labels():
    splits = load(["b| a", "", "a|", "  "], label_separator="|")
    assert splits.problem == "multi_label"
    assert splits.labels.names == ("a", "b")
    assert splits.train.labels.tolist() == [[1, 1], [0, 0], [1, 0], [0, 0]]
    error = refused(["a|b", None, "a"], label_separator="|")
    assert error.what == "1 row has no label in column 'label'"


def test_a_separator_of_several_signs_and_lists_beside_one():
    assert load(["a, b", "b", "c"], label_separator=", ").labels.names == ("a", "b", "c")
    assert load([["a|b"], ["c"]], label_separator="|").labels.names == ("a|b", "c")


def test_a_separator_that_stands_nowhere_is_said():
    splits = load(["a,b", "c"], label_separator="|")
    assert splits.labels.names == ("a,b", "c")
    assert "No row of train DataFrame has '|' in column 'label': each has one label at most." in splits.notices


def test_plain_texts_are_not_several_labels():
    error = refused(["a", "b"], problem="multi_label")
    assert str(error) == (
        "Column 'label' has no lists of labels (train DataFrame index 0). Found: 'a'. Write a list in every row, such "
        'as ["a", "b"], say what stands between labels (--label-separator "|"), or name a column of 0 and 1 for '
        "each label (--label a+b)."
    )
    error = refused([["a"], "b"], problem="multi_label")
    assert (error.where, error.found) == ("train DataFrame index 1", "'b'")


@pytest.mark.parametrize("problem", ["single_label", "regression"])
def test_classes_and_numbers_have_no_separator(problem):
    with pytest.raises(ConfigError) as caught:
        load(["a", "b"], problem=problem, label_separator="|")
    assert caught.value.where == "label_separator: '|'"
    assert caught.value.found == f"problem: {problem}"


# Splits


def test_a_label_that_training_never_saw():
    error = refused([["a"], ["b", "a"]], [["a", "c"], [], ["d", "c"]])
    assert str(error) == (
        "The label 'c' is in test but not in training, and so is 1 more (test DataFrame indices 0, 2, column 'label'). "
        "Found: 'c' in 2 rows, 'd' in 1 row; training labels a, b. Correct the label, add training rows that have it, "
        "or remove these rows."
    )


def synthetic(rows: int, seed: int) -> list[list[str]]:
    """Labels that 40, 20, 8 and 3 of 100 rows have; the third comes with the first."""
    draw = np.random.default_rng(seed)
    on = {"a": draw.random(rows) < 0.4, "b": draw.random(rows) < 0.2, "d": draw.random(rows) < 0.03}
    on["c"] = on["a"] & (draw.random(rows) < 0.2)
    return [[name for name, has in on.items() if has[row]] for row in range(rows)]


def shares(splits: Splits) -> np.ndarray:
    """Splits × labels: the share of rows that have each."""
    return np.stack([split.labels.mean(axis=0) for split in splits.present()])


@pytest.mark.parametrize("seed", range(5))
def test_splits_keep_the_shares_of_labels(seed):
    cells = synthetic(1000, seed)
    splits = load_splits(
        DataConfig(train="-", text="text", label="label", split_seed=seed), frames={"train": column(cells)}
    )
    assert splits.rows == {"train": 720, "validation": 80, "test": 200}
    whole = np.concatenate([split.labels for split in splits.present()])
    counts = [split.labels.sum(axis=0) for split in splits.present()]
    rare = splits.labels.label2id["d"]  # every row that has it is in its stratum, so its share is exact
    assert abs(counts[2][rare] - 0.2 * whole[:, rare].sum()) <= 1
    assert abs(counts[1][rare] - 0.08 * whole[:, rare].sum()) <= 1
    none = [(~split.labels.any(axis=1)).sum() for split in splits.present()]
    assert abs(none[2] - 0.2 * sum(none)) <= 1
    # frequent labels are in several strata: closer than two of three random splits (one standard deviation)
    assert np.abs(shares(splits)[2] - whole.mean(axis=0)).max() < np.sqrt(0.25 / 200)
    assert splits.labels.names == ("a", "b", "c", "d")


def test_a_label_of_one_row_stays_in_training_and_is_warned_of():
    cells = [["a"], ["b"], ["a", "b"], []] * 25
    cells[7] = ["a", "once"]
    splits = load_splits(DataConfig(train="-", text="text", label="label"), frames={"train": column(cells)})
    assert "7" in splits.train.ids
    assert (
        "No test row has the label 'once'. A label that is neither there nor said counts 0 in macro F1; AUROC is not "
        "known." in splits.warnings
    )
    assert not [text for text in splits.notices if "single row" in text]


def test_constant_labels_differing_cases_and_a_tiny_test_are_warned_of():
    splits = load_flags(flags(on=[1] * 4, off=[0] * 4, On=[1, 0, 0, 1]), "on+off+On")
    assert "Every training row has the label 'on': nothing tells when to leave it out." in splits.warnings
    assert "No training row has the label 'off'." in splits.warnings
    assert "Label names that differ in case only: 'on' and 'On'." in splits.warnings
    assert (
        "The test split has 4 rows: the share of rows with all labels right on it is known to ± 49.0 percentage points "
        "only (95 %)." in splits.warnings
    )
    assert not [text for text in splits.warnings if "imbalanced" in text]


def test_equal_texts_with_different_labels_are_warned_of():
    frame = column([["b", "a"], ["a", "b"], ["a"], ["b"]])
    frame["text"] = ["same", "Same", "other", "other"]
    found = load_splits(
        DataConfig(train="-", text="text", label="label", validation=0),
        frames={"train": frame, "test": column([["a"]], "held")},
    )
    assert "1 text has different labels in different rows in train (train DataFrame indices 2, 3)." in found.warnings


def test_the_hash_sees_labels_and_what_they_are():
    first = load(LISTS).hash
    assert load([sorted(cell) for cell in LISTS]).hash == first, "the order within a row says nothing"
    assert load([["joy"], *LISTS[1:]]).hash != first
    one = load_flags(flags(a=[1, 0, 1, 0], b=[0, 1, 0, 1]), ("a",))
    assert one.hash != load(["0", "1"] * 2).hash


def test_subsets_keep_strata_and_small_ones_are_no_error():
    cells = synthetic(1000, 0)
    frames = {"train": column(cells)}
    config = DataConfig(train="-", text="text", label="label", rows={"train": 100})
    splits = load_splits(config, frames=frames)
    assert splits.rows["train"] == 100
    assert splits.train.labels.any(axis=0).all()
    whole = load_splits(config.model_copy(update={"rows": DataConfig(train="-").rows}), frames=frames)
    assert np.abs(splits.train.labels.mean(axis=0) - whole.train.labels.mean(axis=0)).max() < 0.08
    assert load_splits(config.model_copy(update={"rows": type(config.rows)(train=2)}), frames=frames).rows["train"] == 2


def test_fewer_rows_keep_every_label_in_training():
    splits = load_data(column([["a"]] * 50 + [["a", "b"], [], ["c"]]), label="label", validation=0, test=0.1).splits()
    on = splits.train.labels.any(axis=0)
    for seed in range(10):
        found = fewer(splits, {"train": 3, "test": 2}, seed)
        assert found.rows == {"train": 3, "test": 2}
        np.testing.assert_array_equal(found.train.labels.any(axis=0), on)
    splits = load_flags(flags(on=[0] * 20 + [1], off=[0] * 21), "on+off")
    assert fewer(splits, {"train": 1}).train.labels.tolist() == [[1, 0]]


def test_near_duplicates_and_copies_know_label_sets():
    words = [f"word{number}of" for number in range(11)] + ["twelve"]
    rows = [" ".join(f"{word}{row}" for word in words) for row in range(40)]
    frame = pd.DataFrame({"text": rows, "label": [["a"], ["a", "b"], ["b"], []] * 10})
    test = pd.DataFrame(
        {"text": [text.replace("twelve", "dozen") for text in rows[:4]], "label": [["a"], ["a"], [], []]}
    )
    config = DataConfig(
        train="-", text="text", label="label", validation=0, augment={"replace": 0, "delete": 0.2, "copies": 1}
    )
    splits = load_splits(config, frames={"train": frame, "test": test})
    (near,) = splits.near_duplicates
    assert (near["rows"], near["same_label"]) == (4, 2)
    assert len(splits.train) == 80
    np.testing.assert_array_equal(splits.train.labels[:40], splits.train.labels[40:])


def test_near_duplicates_cannot_take_a_label_s_last_row():
    words = " ".join(f"word{number}" for number in range(20))
    frame = pd.DataFrame({"text": [words, "b", "c", "d"], "label": [["a", "rare"], ["a"], [], ["a"]]})
    test = pd.DataFrame({"text": [words + " more"], "label": [["a"]]})
    config = DataConfig(train="-", text="text", label="label", validation=0, near_duplicates="drop_train")
    with refuses(DataError) as caught:
        load_splits(config, frames={"train": frame, "test": test})
    assert str(caught.value).startswith(
        "No training row with the label 'rare' is left: all of its texts nearly equal one in test"
    )
