"""What is known of published data sets without reading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork.config import DataConfig
from tunefork.data import own_splits, published, published_rows

IMDB, SST2 = "hub:stanfordnlp/imdb", "hub:stanfordnlp/sst2"


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"train": IMDB}, {"train": 22_500, "validation": 2_500, "test": 25_000}),
        ({"train": f"{IMDB}#train"}, {"train": 18_000, "validation": 2_000, "test": 5_000}),
        ({"train": f"{IMDB}#train", "test": f"{IMDB}#test", "validation": 0}, {"train": 25_000, "test": 25_000}),
        ({"train": SST2, "test": 0.1}, {"train": 60_614, "validation": 872, "test": 6_735}),
        (
            {"train": "hub:ag_news", "rows": {"train": 1_000}, "augment": {"swap": 0.1, "copies": 2}},
            {"train": 3_000, "validation": 12_000, "test": 7_600},
        ),
        ({"train": IMDB, "test": "test.csv"}, None),
        ({"train": "hub:somebody/else"}, None),
        ({"train": "reviews.csv"}, None),
        ({"train": f"{IMDB}#unsupervised"}, None),
    ],
)
def test_rows_are_split_as_a_study_would(data: dict[str, object], rows: dict[str, int] | None) -> None:
    assert published_rows(DataConfig.model_validate(data)) == rows


def test_a_folder_of_that_name_is_no_published_set(tmp_path: Path) -> None:
    assert published(IMDB, tmp_path) is not None
    (tmp_path / "stanfordnlp" / "imdb").mkdir(parents=True)
    assert published(IMDB, tmp_path) is None
    assert published_rows(DataConfig(train=IMDB), tmp_path) is None


def test_splits_that_the_set_brings_are_not_held_out() -> None:
    assert own_splits(DataConfig(train=IMDB)) == ("test",)
    assert own_splits(DataConfig(train=f"{IMDB}#train")) == ()
    assert own_splits(DataConfig(train=SST2, validation=0.05)) == ()
    assert own_splits(DataConfig(train=SST2)) == ("validation",)
    assert own_splits(DataConfig(train="a.csv", test="b.csv")) == ("test",)


def test_food_101_has_101_classes_by_their_names() -> None:
    known = published("hub:ethz/food101#train")
    assert known is not None
    assert len(set(known.classes)) == 101
    assert (known.classes[0], known.classes[16:18], known.classes[100]) == (
        "apple_pie",
        ("cheesecake", "cheese_plate"),
        "waffles",
    )
    assert known.rows == {"train": 750 * 101, "validation": 250 * 101}
    assert known.images


def test_a_split_whose_labels_are_hidden_is_no_test() -> None:
    assert published_rows(DataConfig(train=SST2)) is None, "reading says what to do"
    assert published_rows(DataConfig(train=f"{SST2}#train", test=f"{SST2}#validation")) is not None
