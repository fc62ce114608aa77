"""The real data sets: counts from their README."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tunefork.config import DataConfig
from tunefork.data import load_splits
from tunefork.errors import LeakageError

from .frames import per_class


@pytest.fixture
def real() -> Path:
    if "TUNEFORK_DATA" not in os.environ:
        pytest.skip("TUNEFORK_DATA names no folder")
    return Path(os.environ["TUNEFORK_DATA"])


@pytest.mark.data
def test_imdb_leaks_123_texts(real):
    config = {"train": "imdb_train.parquet", "test": "imdb_test.parquet"}
    with pytest.raises(LeakageError, match="123 texts are in both train and test"):
        load_splits(DataConfig(**config), base=real)
    splits = load_splits(DataConfig(**config, leakage="drop_train"), base=real)
    assert splits.rows == {"train": 22389, "validation": 2488, "test": 25000}
    assert splits.labels.names == ("neg", "pos")


@pytest.mark.data
def test_sst2(real):
    config = {f: f"sst2_{f}.parquet" for f in ("train", "validation", "test")}
    splits = load_splits(DataConfig(**config, leakage="allow"), base=real)
    assert per_class(splits) == [[29780, 37569], [428, 444], [912, 909]]
    assert any(text.startswith("5 texts have more than one label in train") for text in splits.warnings)
    assert any(text.startswith("2 distinct texts in both train and test") for text in splits.warnings)


@pytest.mark.data
def test_tweeteval(real):
    config = {f: f"tweeteval_emotion_{f}.parquet" for f in ("train", "validation", "test")}
    splits = load_splits(DataConfig(**config), base=real)
    assert splits.labels.names == ("anger", "joy", "optimism", "sadness")
    assert per_class(splits) == [[1400, 708, 294, 855], [160, 97, 28, 89], [558, 358, 123, 382]]


@pytest.mark.data
def test_ag_news(real):
    splits = load_splits(DataConfig(train="ag_news_train_sample.parquet", test="ag_news_test.parquet"), base=real)
    assert splits.rows == {"train": 8797, "validation": 977, "test": 7600}
    assert any("1 text has more than one label in train" in text for text in splits.warnings)


@pytest.mark.data
@pytest.mark.parametrize(
    ("files", "config", "expected"),
    [
        ("tweeteval_emotion_{}.parquet", {}, {("train", "test"): 2}),
        ("sst2_{}.parquet", {"leakage": "drop_train"}, {("train", "validation"): 1, ("train", "test"): 4}),
        ("sst2_{}.parquet", {"leakage": "drop_train", "validation": 0.1}, {("train", "validation"): 3524}),
    ],
)
def test_near_duplicates(real, files, config, expected):
    named = {split: files.format(split) for split in ("train", "validation", "test")}
    splits = load_splits(DataConfig(**(named | config)), base=real)
    found = {(each["first"], each["second"]): each["rows"] for each in splits.near_duplicates}
    assert expected.items() <= found.items()
    told = [each for each in splits.warnings if "nearly equal" in each]
    assert len(told) == (config.get("validation") == 0.1)


@pytest.mark.data
def test_imdb_is_searched_in_seconds(real):
    config = {"train": "imdb_train.parquet", "test": "imdb_test.parquet", "leakage": "drop_train"}
    began = time.process_time()
    load_splits(DataConfig(**config, near_duplicates="off"), base=real)
    without = time.process_time() - began
    splits = load_splits(DataConfig(**config), base=real)
    assert time.process_time() - began - 2 * without < 10
    found = {(each["first"], each["second"]): each["rows"] for each in splits.near_duplicates}
    assert found == {("train", "validation"): 4, ("train", "test"): 5}
