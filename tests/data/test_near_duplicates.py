from __future__ import annotations

import pandas as pd
import pytest

from tunefork.config import DataConfig
from tunefork.data import load_splits
from tunefork.errors import ConfigError, SplitError

from .frames import frame, load, refused

TEXT = "the parcel that I ordered on monday came late again and nobody called"
NEAR = "the parcel that I ordered on tuesday came late again and nobody called"
FAR = "a lamp was broken when my neighbour opened his box yesterday at noon"


def rows(count: int, word: str, **texts: str) -> pd.DataFrame:
    """Rows ``word 0``, ``word 1`` … of two classes; a keyword such as ``r3`` gives row 3 another text."""
    made = frame("ab" * (count // 2), word)
    for name, text in texts.items():
        made.loc[int(name[1:]), "text"] = text
    return made


def test_near_duplicates_are_reported_with_their_places() -> None:
    splits = load(rows(400, "row", r3=TEXT), rows(20, "v"), rows(200, "t", r7=NEAR, r8=FAR))
    assert splits.rows["train"] == 400
    assert (
        "1 of 200 test rows (0.5 %) nearly equals a training row (70 % of their words or more are the same), 1 with "
        "the same label: test DataFrame index 7 and train DataFrame index 3 (0.86). Too few to move an accuracy "
        "by a point."
    ) in splits.notices
    assert not any("nearly equal" in warning for warning in splits.warnings)
    assert splits.near_duplicates == (
        {
            "first": "train",
            "second": "test",
            "rows": 1,
            "of": 200,
            "same_label": 1,
            "pairs": [["test DataFrame index 7", "train DataFrame index 3", 0.8571]],
            "left_out": False,
            "sampled": "",
            "threshold": 0.7,
            "share": 0.005,
        },
    )


def test_from_one_row_in_a_hundred_they_are_a_warning() -> None:
    near = {f"r{row}": f"{TEXT} {row}" for row in range(4)}
    splits = load(rows(400, "row", r3=TEXT), rows(20, "v"), rows(200, "t", **near))
    (warning,) = [each for each in splits.warnings if "nearly equal" in each]
    assert warning == (
        "4 of 200 test rows (2.0 %) nearly equal a training row (70 % of their words or more are the same), 2 with the "
        "same label: test DataFrame index 0 and train DataFrame index 3 (0.93); test DataFrame index 1 and train "
        "DataFrame index 3 (0.93); test DataFrame index 2 and train DataFrame index 3 (0.93) and others. Results on "
        "test are too good. Keep variants of a text on one side (group: COLUMN), make copies after the split "
        "(data.augment), or set near_duplicates: drop_train."
    )
    assert len(splits.near_duplicates[0]["pairs"]) == 3


def test_drop_train_leaves_them_out_of_what_is_learned_from() -> None:
    made = (rows(400, "row", r3=TEXT, r5=FAR), rows(20, "v", r2=f"{FAR} 2", r4=f"{TEXT} 4"), rows(200, "t", r7=NEAR))
    splits = load(*made, near_duplicates="drop_train")
    assert splits.rows == {"train": 398, "validation": 19, "test": 200}
    assert not {"3", "5"} & set(splits.train.ids)
    assert "4" not in splits.validation.ids
    assert (
        "1 validation row left out that nearly equals a test row (70 % of their words or more are the same), such as "
        "test DataFrame index 7 and validation DataFrame index 4 (0.80)."
    ) in splits.notices
    assert [(found["first"], found["second"], found["rows"]) for found in splits.near_duplicates] == [
        ("train", "validation", 2),
        ("validation", "test", 1),
    ]
    assert all(found["left_out"] for found in splits.near_duplicates)
    kept = load(*made, near_duplicates="off")
    assert kept.rows["train"] == 400
    assert kept.near_duplicates == ()


def test_what_we_split_ourselves_is_looked_at_too() -> None:
    made = rows(400, "row", **{f"r{row}": f"{TEXT} {row}" for row in range(0, 400, 4)})
    splits = load(made)
    (found, _, _) = splits.near_duplicates
    assert (found["first"], found["second"]) == ("train", "validation")
    (found,) = [each for each in splits.near_duplicates if each["second"] == "test" and each["first"] == "train"]
    mine = [parts[0] for parts in splits.test.texts if parts[0].startswith("the parcel")]
    assert found["rows"] == len(mine) > 10
    assert any(warning.startswith(f"{len(mine)} of 80 test rows") for warning in splits.warnings)
    together = load(made.assign(kind=[0 if row % 4 == 0 else row for row in range(400)]), group="kind")
    assert together.near_duplicates == ()


def test_a_subset_keeps_its_size_when_near_duplicates_are_dropped_and_counts_its_own_when_not() -> None:
    texts = {f"r{row}": f"{TEXT} {row}" for row in range(200)}
    made = (rows(400, "row", **texts), rows(20, "v"), rows(200, "t", r7=NEAR))
    assert load(*made, near_duplicates="drop_train", rows=100).rows["train"] == 100
    reported = load(*made, rows={"train": 300, "test": 150})
    assert all(found["of"] <= 150 for found in reported.near_duplicates)


def test_pairs_are_compared_as_a_whole() -> None:
    made = [each.assign(other="x") for each in (rows(400, "row", r3=TEXT), rows(20, "v"), rows(200, "t", r7=NEAR))]
    for each, row in ((made[0], 3), (made[2], 7)):
        each.loc[row, "other"] = "and one more side of it all"
    splits = load(*made, text=("text", "other"))
    assert splits.near_duplicates[0]["pairs"] == [["test DataFrame index 7", "train DataFrame index 3", 0.9]]
    made[2].loc[7, "other"] = "but quite another text that has little to do with it"
    assert load(*made, text=("text", "other")).near_duplicates == ()


def test_too_little_left_is_an_error() -> None:
    train = frame("ab" * 10)
    train["text"] = [f"{TEXT} {row}" for row in range(20)]
    error = refused(SplitError, train, frame("ab" * 5, "v"), rows(200, "t", r7=NEAR), near_duplicates="drop_train")
    assert error.what == "No row of train is left: all of its texts nearly equal one in test"
    train.loc[train["label"] == "b", "text"] = [
        f"quite another text of many words with the number {row}" for row in range(10)
    ]
    error = refused(SplitError, train, frame("ab" * 5, "v"), rows(200, "t", r7=NEAR), near_duplicates="drop_train")
    assert str(error) == (
        "No training row of the class 'a' is left: all of its texts nearly equal one in test (near_duplicates: "
        "drop_train). Found: 10 rows before. Give other rows, or set near_duplicates: report."
    )


def test_a_sample_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunefork.data.similarity.pairs.TEXTS", 150)
    near = {f"r{row}": f"{TEXT} {row}" for row in range(200)}
    splits = load(rows(400, "row", **near), rows(20, "v"), rows(200, "t", **near), leakage="allow")
    (found,) = [each for each in splits.near_duplicates if each["second"] == "test"]
    assert (found["of"], found["rows"]) == (150, 150)
    assert any(
        "Looked at: 150 of 200 test rows and 150 of 400 train rows, so there are more." in warning
        for warning in splits.warnings
    )
    dropped = load(rows(400, "row", **near), rows(20, "v"), rows(200, "t", **near), leakage="drop_train")
    assert dropped.rows["train"] == 200
    made = (rows(400, "row", **near), rows(20, "v"), rows(200, "t", r7=NEAR))
    assert load(*made, near_duplicates="drop_train").rows["train"] == 200, "what is dropped is looked for in all rows"


def test_the_hash_of_the_data_is_that_of_the_rows() -> None:
    made = (rows(400, "row", r3=TEXT), rows(20, "v"), rows(200, "t", r7=NEAR))
    assert load(*made).hash == load(*made, near_duplicates="off").hash
    assert load(*made).hash != load(*made, near_duplicates="drop_train").hash


def test_images_are_not_compared(digit_folder) -> None:
    assert load_splits(DataConfig(train=str(digit_folder))).near_duplicates == ()
    with pytest.raises(ConfigError) as caught:
        load_splits(DataConfig(train=str(digit_folder), near_duplicates="drop_train"))
    assert str(caught.value) == (
        "near_duplicates: drop_train is for texts. Found: images (column image). Images are compared for equal pixels "
        "only: see leakage."
    )
    with pytest.raises(ConfigError, match=r"data.augment is for texts. .* For images there is training.augment."):
        load_splits(DataConfig(train=str(digit_folder), augment={"swap": 0.1}))
