"""A number per row."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tests.data.refusing import refuses
from tunefork.config import DataConfig
from tunefork.data import Splits, fewer, load_data, load_splits
from tunefork.data.row_labels import Numbers
from tunefork.data.strata import strata
from tunefork.errors import ColumnError, ConfigError, LabelError


def column(cells: list[object], word: str = "row", name: str = "stars") -> pd.DataFrame:
    return pd.DataFrame(
        {"text": [f"the {word} numbered {row}" for row in range(len(cells))], name: pd.Series(cells, dtype=object)}
    )


def load(cells: list[object], test: list[object] | None = None, **config: object) -> Splits:
    frames = {"train": column(cells), "test": column(cells if test is None else test, "held")}
    config = {"train": "-", "text": "text", "label": "stars", "validation": 0, "problem": "regression"} | config
    return load_splits(DataConfig(**config), frames=frames)


def refused(cells: list[object], **config: object) -> LabelError:
    with refuses(LabelError) as caught:
        load(cells, **config)
    return caught.value


def test_numbers_of_every_kind():
    splits = load([1, 2.5, Decimal("0.1"), " -1e3 ", "+.5", np.float32(0.25), "7."])
    assert splits.problem == "regression"
    assert splits.train.labels.tolist() == [1.0, 2.5, 0.1, -1000.0, 0.5, 0.25, 7.0]
    assert splits.train.labels.dtype == np.float64
    assert splits.labels.names == ("stars",)
    assert repr(splits) == "Splits(7 train, 7 test rows, numbers)"


def test_numbers_are_classes_unless_regression_is_asked_for():
    assert load([1, 2, 2, 1], problem="auto").problem == "single_label"
    error = refused([0.5, 1.0], problem="auto")
    assert str(error) == (
        "The labels are fractional numbers, which looks like regression (train DataFrame index 0, column 'stars'). "
        "Found: 0.5. For regression give --problem regression (problem: regression); else turn them into classes, or "
        "list each of them in classes:."
    )


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, Decimal("nan"), "", " ", "NaN", "NA", "null"])
def test_missing_numbers(gap):
    error = refused([1, gap, 2, gap])
    assert str(error) == (
        "2 rows have no label in column 'stars' (train DataFrame indices 1, 3). Found: 2 labels in 4 rows. Fill them "
        "in, or leave these rows out with --drop-missing (drop_missing: true)."
    )
    splits = load([1, gap, 2, gap], drop_missing=True)
    assert splits.train.labels.tolist() == [1.0, 2.0]
    assert splits.train.ids == ("0", "2")
    assert "2 rows without a label left out (train DataFrame indices 1, 3)." in splits.notices


PLAIN = "Write plain numbers such as 12.5, or name the column that holds them: --label COLUMN."
THOUSANDS = "Write numbers without separators of thousands and with a decimal point, such as 1234.5."
BOOLEAN = "True and false are classes: leave problem: regression out, or write numbers."
INFINITE = "Correct them, or remove these rows."


@pytest.mark.parametrize(
    ("cell", "reason", "fix"),
    [
        ("12 EUR", "no number", PLAIN),
        ("3,5", "no number", PLAIN),
        ("1_000", "no number", PLAIN),
        ([1], "no number", PLAIN),
        ("1,234", "no number", THOUSANDS),
        ("1.234.567,8", "no number", THOUSANDS),
        ("-12 345.6", "no number", THOUSANDS),
        (True, "no number", BOOLEAN),
        (float("inf"), "no finite number", INFINITE),
        ("-inf", "no finite number", INFINITE),
        ("1e999", "no finite number", INFINITE),
        (-(10**400), "no finite number", INFINITE),
    ],
)
def test_what_is_no_number(cell, reason, fix):
    for drop_missing in (False, True):
        error = refused([1, cell, 2, cell], drop_missing=drop_missing)
        assert error.what == f"2 rows have {reason} in column 'stars'"
        assert error.where == "train DataFrame indices 1, 3"
        assert error.found == repr(cell)
        assert error.fix == fix


def test_lines_of_files_are_named(write):
    write("a.csv", "text,stars\none,1\ntwo,many\nthree,2\n")
    with refuses(LabelError) as caught:
        load_splits(DataConfig(train="a.csv", problem="regression", label="stars"))
    assert str(caught.value).startswith("1 row has no number in column 'stars' (a.csv line 3). Found: 'many'.")


def test_labels_that_do_not_differ():
    error = refused([3, 3.0, "3"])
    assert str(error) == (
        "All labels are the same number (train DataFrame, column 'stars'). Found: 3 in 3 rows. Regression needs "
        "training labels that differ: check the label column, or add rows."
    )
    rows = pd.DataFrame({"text": [f"row {number}" for number in range(20)], "stars": [3] * 20})
    with refuses(LabelError) as caught:
        load_splits(DataConfig(train="-", label="stars", problem="regression"), frames={"train": rows})
    assert caught.value.found == "3 in 20 rows", "also those that would be held out"
    with refuses(LabelError, match="All labels are the same number"):
        load([0] * 4 + [1] * 4, rows={"train": 1})


def test_numbers_have_no_classes():
    with pytest.raises(ConfigError) as caught:
        load([1, 2], classes=("1", "2"))
    assert str(caught.value) == (
        "classes names labels, and numbers have none (classes). Found: problem: regression. "
        "Leave classes out, or set problem: single_label."
    )


def test_test_rows_may_have_numbers_that_training_has_not():
    assert load([1, 2, 3], [10.5, -4]).test.labels.tolist() == [10.5, -4.0]


def test_the_column_is_guessed():
    rows = 30
    frame = column([row / 7 for row in range(rows)]).assign(kind=["x", "y"] * 15, user_id=range(rows))

    def guessed(frame: pd.DataFrame) -> str:
        return load_splits(DataConfig(train="-", problem="regression"), frames={"train": frame}).columns.label

    assert guessed(frame) == "stars"
    assert guessed(frame.assign(score=range(rows))) == "score"
    assert guessed(frame.assign(score=range(rows), label=range(rows))) == "label"
    with pytest.raises(ColumnError) as caught:
        guessed(frame.assign(price=range(rows)))
    assert caught.value.what == "The label column cannot be guessed: stars, price all hold numbers"
    assert caught.value.fix == "Name it: --label COLUMN (label: in a study file)."
    with pytest.raises(ColumnError, match="no column holds numbers that differ"):
        guessed(frame.drop(columns="stars"))


# Strata


def test_bins_have_equal_frequencies_and_equal_numbers_share_one():
    draw = np.random.default_rng(0)
    found = strata(Numbers(draw.lognormal(size=1000).tolist()))
    assert np.unique(found, return_counts=True)[1].tolist() == [100] * 10
    assert len(set(strata(Numbers(draw.random(35).tolist())))) == 3, "ten rows in each at least"
    assert set(strata(Numbers([1.0, 2.0] * 9))) == {""}
    stars = strata(Numbers([1.0, 2.0, 3.0, 4.0, 5.0] * 40))
    assert len(set(stars)) == 5
    assert stars[:5] * 40 == stars
    assert len(set(strata(Numbers([0.0] * 95 + [1.0, 2.0, 3.0, 4.0, 5.0])))) == 2


@pytest.mark.parametrize("seed", range(5))
def test_splits_keep_the_distribution(seed):
    values = np.random.default_rng(seed).lognormal(size=1000)
    splits = load_splits(
        DataConfig(train="-", text="text", label="stars", problem="regression", split_seed=seed),
        frames={"train": column(values.tolist())},
    )
    assert splits.rows == {"train": 720, "validation": 80, "test": 200}
    edges = np.quantile(values, np.arange(1, 10) / 10)
    for split, wanted in zip(splits.present(), (72, 8, 20)):
        counts = np.bincount(np.searchsorted(edges, split.labels), minlength=10)
        assert np.abs(counts - wanted).max() <= 1, "a random split is off by nine"


def test_equal_numbers_are_stratified_as_classes_are():
    stars = [1] * 300 + [2] * 150 + [5] * 50
    splits = load_splits(
        DataConfig(train="-", text="text", label="stars", problem="regression", validation=0),
        frames={"train": column(stars)},
    )
    assert [int((splits.test.labels == star).sum()) for star in (1, 2, 5)] == [60, 30, 10]


def test_subsets_and_fewer_rows_keep_the_distribution():
    values = list(range(1000))
    config = {"train": "-", "text": "text", "label": "stars", "problem": "regression", "rows": {"train": 50}}
    splits = load_splits(DataConfig(**config), frames={"train": column(values)})
    assert splits.rows["train"] == 50
    assert np.histogram(splits.train.labels, bins=10, range=(0, 1000))[0].tolist() == [5] * 10
    frame = column([0.0] * 900 + list(range(1, 101)))
    whole = load_data(frame, label="stars", problem="regression", validation=0).splits()
    few = fewer(whole, {"train": 100}, seed=1)
    assert few.rows["train"] == 100
    assert (few.train.labels == 0).mean() == pytest.approx(0.9, abs=0.08), "numbers that differ are not preferred"


# What weakens conclusions


def test_numbers_far_from_all_others_are_warned_of():
    values = [row % 10 for row in range(300)]
    values[17] = 5000
    splits = load(values, list(range(100)))
    assert splits.warnings == (
        "1 training label lies more than 6 standard deviations from the mean of 21.14 (train DataFrame index 17; the "
        "farthest is 5000): squared errors are mostly about such rows. Correct or remove mistakes.",
    )
    assert load(list(range(300)), list(range(100))).warnings == ()


def test_a_tiny_test_and_equal_texts_are_warned_of():
    frame = column([1, 2, 2, 4])
    frame["text"] = ["same", "Same", "other", "other text"]
    found = load_splits(
        DataConfig(train="-", text="text", label="stars", problem="regression", validation=0),
        frames={"train": frame, "test": column(list(range(50)), "held")},
    )
    assert found.warnings == (
        "1 text has different numbers in train (train DataFrame indices 0, 1).",
        "The test split has 50 rows: an RMSE on it is known to ± 20 % of itself only (95 %, where errors are normal).",
    )


def test_what_is_said_of_a_tiny_test_holds():
    """Of 4,000 samples of 50 normal errors, 95 % have an RMSE within 20 % of the true one."""
    errors = np.random.default_rng(0).standard_normal((4000, 50))
    assert (np.abs(np.sqrt((errors**2).mean(axis=1)) - 1) < 0.196).mean() == pytest.approx(0.95, abs=0.01)


def test_the_hash_sees_numbers():
    first = load([1, 2, 3]).hash
    assert load(["1", 2.0, 3]).hash == first
    assert load([1, 2, 3.0000001]).hash != first
    assert load([1, 2, 3], problem="single_label").hash != first


def test_data_says_what_it_holds():
    data = load_data(
        column([row / 2 for row in range(20)]), label="stars", problem="regression", validation=0, test=0.5
    )
    assert data.splits().rows == {"train": 10, "test": 10}
    assert repr(data) == "Data(DataFrame: 10 train, 10 test rows, numbers)"
