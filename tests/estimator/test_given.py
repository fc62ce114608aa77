"""X and y that cannot be trained on: each error says what, where, what was found and what to do."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tunefork.errors import DataError, EstimatorInputError
from tunefork.estimator.given import read_x
from tunefork.estimator.labels import read_classes, read_y, write_classes


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (None, r"X is a list with one entry for each row \(X\). Found: None"),
        ("a text", r"Found: one str. Give a list of texts"),
        (np.array("a text"), r"Found: one ndarray"),
        (iter(["a"]), r"Found: one list_iterator"),
        (sparse.csr_matrix((2, 2)), "X is a sparse matrix"),
        (["a", None], r"The model reads texts \(X\[1\]\). Found: nothing. Fill it in"),
        (["a", float("nan")], r"\(X\[1\]\). Found: a value of type float"),
        (["a", " "], r"A text is empty \(X\[1\]\). Found: ' '"),
        ([("a", "b"), ("a",)], r"one text or two, all alike \(X\[1\]\). Found: 1 where X\[0\] has 2"),
        ([("a", "b", "c")], r"A row of X is one text or two \(X\[0\]\). Found: 3 values"),
        (np.zeros((2, 2)), r"The model reads texts \(X\[0\]\). Found: a value of type float"),
        (np.full((2, 2, 2), "a"), r"Found: shape \(2, 2, 2\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"], "c": ["z"]}), "Found: 3 values"),
    ],
)
def test_rows_that_are_no_texts(x: Any, told: str) -> None:
    with pytest.raises(EstimatorInputError, match=told):
        read_x(x, "text-classification")


def test_rows_as_the_data_layer_reads_them() -> None:
    given = read_x(pd.DataFrame({"p": ["a", "b"], "q": ["c", "d"]}, index=[7, 7]), "text-classification")
    frame = given.frame(["1", "0"])
    assert frame.to_dict("list") == {"text_a": ["a", "b"], "text_b": ["c", "d"], "label": ["1", "0"]}
    assert frame.index.tolist() == [0, 1]
    assert type(read_x(np.array(["a"]), "text-classification").rows[0][0]) is str
    assert len(read_x(np.zeros((3, 4, 4, 3), dtype=np.uint8), "image-classification").rows) == 3


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (["a", "b"], r"inconsistent numbers of samples \(y\). Found: 3 rows in X and 2 labels in y"),
        (["a", None, "b"], r"Input y contains NaN: the label is missing \(y\[1\]\)"),
        ([1.0, np.nan, 2.0], r"\(y\[1\]\). Found: nan"),
        (pd.Series(["a", "b", pd.NA], dtype="string"), r"\(y\[2\]\)"),
        ([1.0, np.inf, 2.0], r"Input y contains infinity.*\(y\[1\]\)"),
        ([0.5, 1.0, 2.0], r"Unknown label type: continuous"),
        (np.eye(3), r"y has one label for each row \(y\). Found: shape \(3, 3\)"),
        ([["a"], ["b", "c"], []], "y has one label for each row"),
        ([b"a", b"b", b"c"], r"These are no labels \(y\). Found: type \|S1"),
        ([datetime.date(2026, 1, 1), "a", 1], r"\(y\). Found: type object"),
        (["a", "a ", "b"], r"would have the same name 'a' \(y\). Found: .*'a'.* and .*'a '"),
        (["", "a", "b"], r"A label of y has no name"),
    ],
)
def test_labels_that_are_none(y: Any, told: str) -> None:
    with pytest.raises(EstimatorInputError, match=told) as caught:
        read_y(y, 3)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, DataError)


def test_one_class_is_not_enough(small: Any, messages: Any) -> None:
    with pytest.raises(EstimatorInputError, match="There is only one class") as caught:
        small().fit(messages[0], ["only"] * 60)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(EstimatorInputError, match="There are no rows"):
        small().fit([], [])
    with pytest.raises(EstimatorInputError, match=r"No rows can be held out as validation"):
        small().fit(["a b", "c d"], [0, 1])


@pytest.mark.parametrize("values", [["a", "b"], [1, 2], [True, False], [1.0, 2.0], np.array(["x"], dtype=object)])
def test_classes_come_back_from_json(values: Any) -> None:
    import json

    found = read_classes(json.loads(json.dumps(write_classes(np.array(values)))))
    assert found.dtype == np.array(values).dtype
    assert found.tolist() == list(values)
