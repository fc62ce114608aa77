from __future__ import annotations

import datetime

import pandas as pd
import pytest

from tests.data.refusing import refuses
from tunefork.config import DataConfig
from tunefork.data import LeftOut, Splits, load_splits, read_unlabelled
from tunefork.data.rows import normalise
from tunefork.errors import DataError


def load(texts: list[object], **config: object) -> Splits:
    labels = ["a", "b"] * len(texts)
    train = pd.DataFrame({"text": pd.Series(texts, dtype=object), "label": labels[: len(texts)]})
    test = pd.DataFrame({"text": ["held one", "held two"], "label": ["a", "b"]})
    config = {"train": "-", "text": "text", "label": "label", "validation": 0} | config
    return load_splits(DataConfig(**config), frames={"train": train, "test": test})


def refused(texts: list[object], **config: object) -> DataError:
    with refuses(DataError) as caught:
        load(texts, **config)
    return caught.value


def test_normalised_texts():
    assert normalise((" Late \n AGAIN", "ﬁne\u00a0Ｄay")) == "late again\x1ffine day"
    assert normalise(("a b", "c")) != normalise(("a", "b c"))


def test_texts_stay_as_they_are():
    assert load([" Late  again\n", "ﬁne"]).train.texts == ((" Late  again\n",), ("ﬁne",))


UNSEEN = ("\u200b\u200d", "\x00", "\x1b\x07", "\ufeff \u2060", "\u00ad", "\u202e", "\u3164", "\u2800", "\ufe0f")
"""Texts of which nothing is seen."""


@pytest.mark.parametrize("empty", ["", "  \n", None, float("nan"), pd.NA, *UNSEEN])
def test_empty_texts(empty):
    error = refused(["x", empty, "y", "z", empty])
    assert error.what == "2 rows have an empty text in column text"
    assert error.where == "train DataFrame indices 1, 4"
    assert "--drop-empty" in error.fix
    splits = load(["x", empty, "y", "z", empty], drop_empty=True)
    assert [parts[0] for parts in splits.train.texts] == ["x", "y", "z"]
    assert splits.train.ids == ("0", "2", "3")
    assert splits.train.labels.tolist() == [0, 0, 1]
    assert "2 rows with an empty text left out (train DataFrame indices 1, 4)." in splits.notices


def test_every_row_that_is_left_out_is_listed(tmp_path):
    rows = [f"{n},row {n},{'ab'[n % 2]}" for n in range(20)]
    rows[3:12] = ["30,,a", "31,text,", *(f"4{n},,b" for n in range(5)), "50, ,nan", "51,x,NaN"]
    (tmp_path / "a.csv").write_text("\n".join(["id,text,label", *rows]), encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,text,label\n1,held one,a\n2,,b\n3,held two,b\n", encoding="utf-8")
    config = {"train": "a.csv", "test": "b.csv", "drop_empty": True, "drop_missing": True}
    splits = load_splits(DataConfig(**config), base=tmp_path)
    assert splits.left_out == (
        LeftOut("train", "a.csv line 5", "30", "empty text"),
        LeftOut("train", "a.csv line 6", "31", "no label"),
        *(LeftOut("train", f"a.csv line {7 + n}", f"4{n}", "empty text") for n in range(5)),
        LeftOut("train", "a.csv line 12", "50", "no label"),
        LeftOut("train", "a.csv line 13", "51", "no label"),
        LeftOut("test", "b.csv line 3", "2", "empty text"),
    )
    (notice,) = [each for each in splits.notices if each.startswith("6 rows with an empty text left out")]
    assert notice.endswith("and 1 more); all are in left_out.csv of the study's folder.")
    assert load(["x", "y"]).left_out == ()


def test_a_sign_that_is_seen_is_a_text():
    texts = ["\u200b.", "\u0301", "\U0001f600", "\u200d\u0915", "\ue000", "\x00a"]
    assert [parts[0] for parts in load(texts).train.texts] == texts


def test_nul_in_json_is_an_empty_text(tmp_path):
    rows = ['{"text": "one", "label": "a"}', '{"text": "\\u0000", "label": "b"}', '{"text": "two", "label": "b"}']
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    with refuses(DataError, match="1 row has an empty text in column text"):
        load_splits(DataConfig(train="a.jsonl", text="text", rare="train"), base=tmp_path)
    with refuses(DataError, match="1 row has an empty text in column text"):
        read_unlabelled(tmp_path / "a.jsonl", ["text"])


def test_nothing_but_empty_texts():
    assert "No row is left" in refused(["", " "], drop_empty=True).what


def test_numbers_are_written_out_with_a_notice():
    splits = load([3, 2.5, "x", datetime.date(2024, 5, 1)])
    assert splits.train.texts == (("3",), ("2.5",), ("x",), ("2024-05-01",))
    assert (
        "3 values of column 'text' in train DataFrame are not texts (date, float, int) and are written out."
        in splits.notices
    )


def test_one_number_is_told_as_one():
    notices = load([3, "x"]).notices
    assert "1 value of column 'text' in train DataFrame is no text (int) and is written out." in notices


@pytest.mark.parametrize("value", [b"bytes", ["list"], {"a": 1}])
def test_values_that_are_no_text(value):
    error = refused(["x", value])
    assert error.what == "The value in column 'text' is not a text"
    assert error.where == "train DataFrame index 1"
    assert type(value).__name__ in error.found
    assert "--text" in error.fix


def test_half_a_surrogate_pair():
    error = refused(["x", "y \ud83d"])
    assert "surrogate" in error.what
    assert error.where == "train DataFrame index 1"
    str(error).encode()


def frames(**columns: list[object]) -> dict[str, pd.DataFrame]:
    train = pd.DataFrame({"text": ["one", "two", "three"], "label": ["a", "b", "a"], **columns})
    return {"train": train, "test": train.assign(text=train["text"] + " more")}


def test_ids_are_the_columns_values():
    config = DataConfig(train="-", label="label", text="text", id="key", validation=0)
    splits = load_splits(config, frames=frames(key=["x", 7, "z"]))
    assert splits.train.ids == ("x", "7", "z")
    assert splits.columns.id == "key"


@pytest.mark.parametrize(
    ("keys", "what", "where"),
    [
        (["x", "y", "x"], "The id 'x' stands in 2 rows of column 'key'", "train DataFrame indices 0, 2"),
        (["x", None, "y"], "1 row without an id in column 'key'", "train DataFrame index 1"),
    ],
)
def test_ids_that_do_not_tell_rows_apart(keys, what, where):
    with refuses(DataError) as caught:
        load_splits(DataConfig(train="-", label="label", text="text", id="key"), frames=frames(key=keys))
    assert (caught.value.what, caught.value.where) == (what, where)
    assert "numbered" in caught.value.fix


def test_a_guessed_id_must_hold_in_every_table():
    both = frames(id=["x", "y", "z"])
    assert load_splits(DataConfig(train="-", validation=0), frames=both).columns.id == "id"
    both["test"] = both["test"].drop(columns="id")
    splits = load_splits(DataConfig(train="-", validation=0), frames=both)
    assert splits.columns.id == ""
    assert splits.train.ids == ("0", "1", "2")
    assert not any("id column" in notice for notice in splits.notices)


def test_pairs():
    both = frames(second=["x", "y", "z"])
    config = DataConfig(train="-", label="label", text=("text", "second"), validation=0)
    assert load_splits(config, frames=both).train.texts[1] == ("two", "y")
    both["train"]["second"] = ["x", " ", "z"]
    with refuses(DataError, match="1 row has an empty text in column text or second"):
        load_splits(config, frames=both)
