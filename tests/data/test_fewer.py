"""Fewer rows of splits that are there already."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tunefork.data import Splits, fewer, load_data


def splits(rows: int = 60) -> Splits:
    labels = ["a"] * (rows - 3) + ["b"] * 3
    frame = pd.DataFrame({"text": [f"words of row {row}" for row in range(rows)], "label": labels})
    return load_data(
        frame, validation=frame.assign(text="v" + frame.text), test=frame.assign(text="t" + frame.text)
    ).splits()


def test_so_many_rows_in_their_order_and_the_same_each_time() -> None:
    whole = splits()
    found = fewer(whole, {"train": 20, "test": 7}, seed=3)
    assert found.rows == {"train": 20, "validation": 60, "test": 7}
    assert list(found.train.ids) == sorted(found.train.ids, key=int)
    assert found.validation is whole.validation
    assert found.hash == fewer(whole, {"train": 20, "test": 7}, seed=3).hash != whole.hash
    assert set(found.train.ids) != set(fewer(whole, {"train": 20}, seed=4).train.ids)
    texts = dict(zip(whole.train.ids, whole.train.texts))
    assert list(found.train.texts) == [texts[each] for each in found.train.ids]


def test_every_class_keeps_a_training_row_and_more_rows_hold_the_fewer() -> None:
    whole = splits()
    for seed in range(5):
        two = fewer(whole, {"train": 2}, seed)
        assert sorted(np.unique(two.train.labels).tolist()) == [0, 1]
        assert set(two.train.ids) <= set(fewer(whole, {"train": 30}, seed).train.ids)


def test_enough_rows_are_left_as_they_are() -> None:
    whole = splits()
    assert fewer(whole, {"train": 60, "test": 1000}) is whole
