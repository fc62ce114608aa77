from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.data.frames import frame, load
from tests.tiny import messages
from tunefork.data import Splits
from tunefork.data.rows import normalise

SYNONYMS = "word,synonym\n" + "".join(
    f"{word},{synonym}\n"
    for word, synonym in (
        ("parcel", "package"), ("order", "purchase"), ("arrived", "came"), ("broken", "smashed"), ("late", "tardy"),
        ("refund", "repayment"), ("return", "send back"), ("where", "whereabouts"), ("want", "wish"),
    )
)  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> str:
    (tmp_path / "synonyms.csv").write_text(SYNONYMS)
    return str(tmp_path / "synonyms.csv")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.DataFrame(messages()[:400], columns=["text", "label"])


def copies(splits: Splits) -> dict[str, tuple[str, ...]]:
    return {name: text for name, text in zip(splits.train.ids, splits.train.texts) if "+" in name}


def test_copies_stand_behind_their_rows_and_have_their_labels(rows: pd.DataFrame) -> None:
    plain, splits = load(rows), load(rows, augment={"delete": 0.1, "swap": 0.1, "copies": 2})
    before = len(plain.train)
    assert splits.train.ids[:before] == plain.train.ids
    assert splits.train.texts[:before] == plain.train.texts
    labels = dict(zip(plain.train.ids, plain.train.labels.tolist()))
    for name, label in zip(splits.train.ids[before:], splits.train.labels[before:].tolist()):
        row, number = name.split("+")
        assert label == labels[row]
        assert number in ("1", "2")
    assert len(splits.train) > 2.8 * before
    assert splits.hash != plain.hash


def test_validation_and_test_stay_and_no_copy_equals_them(rows: pd.DataFrame) -> None:
    words = {word.lower() for word in rows["text"][0].split()}
    short = pd.DataFrame({"text": sorted(f"{one} {other}" for one in words for other in words), "label": "x"})
    made = pd.concat([rows, short], ignore_index=True)
    plain, splits = load(made, rare="drop"), load(made, rare="drop", augment={"delete": 0.1, "swap": 0.1, "copies": 3})
    for name in ("validation", "test"):
        one, other = getattr(plain, name), getattr(splits, name)
        assert (one.ids, one.texts, one.labels.tolist()) == (other.ids, other.texts, other.labels.tolist())
    held = {normalise(parts) for split in (splits.validation, splits.test) for parts in split.texts}
    keys = [normalise(parts) for parts in splits.train.texts]
    assert not held & set(keys)
    assert len(set(keys)) == len(keys) - (len(plain.train) - len({normalise(parts) for parts in plain.train.texts}))
    found = splits.augmentation
    assert found["held"] > 0, "two words swapped give another row's text"
    assert found["known"] > 0
    assert found["copies"] + found["unchanged"] + found["known"] + found["held"] == 3 * found["rows"]
    assert sum(found["ways"].values()) == found["copies"] == len(copies(splits))


def test_the_same_seed_gives_the_same_copies_whatever_the_other_rows(rows: pd.DataFrame, table: str) -> None:
    settings = {"synonyms": table, "swap": 0.1, "copies": 2}
    first = load(rows, augment=settings)
    assert load(rows, augment=settings).hash == first.hash
    shuffled = load(rows.sample(frac=1, random_state=1), augment=settings)
    assert set(copies(shuffled).items()) == set(copies(first).items())
    assert copies(load(rows, augment=settings | {"seed": 1})) != copies(first)
    more = copies(load(rows, augment=settings | {"copies": 3}))
    assert {name: text for name, text in more.items() if not name.endswith("3")} == copies(first)


def test_subsets_are_taken_before(rows: pd.DataFrame) -> None:
    splits = load(rows, rows={"train": 50}, augment={"delete": 0.1})
    assert len(splits.train) - len(copies(splits)) == 50
    assert splits.augmentation["rows"] == 50
    assert set(load(rows, rows={"train": 50}).train.ids) == {name.split("+")[0] for name in splits.train.ids}


def test_what_is_said(rows: pd.DataFrame, table: str) -> None:
    splits = load(rows, augment={"synonyms": table, "replace": 0.15, "delete": 0.1, "copies": 2, "seed": 5})
    found = splits.augmentation
    assert (
        f"augment: {found['copies']:,} changed copies of 288 training rows added, each with 15 % of the words replaced "
        f"by synonyms from {table}, or with 10 % of the words left out (seed 5). An epoch has "
        f"{(288 + found['copies']) / 288:.1f} times as many rows and steps. Validation and test rows are as they were."
    ) in splits.notices
    (example,) = [notice for notice in splits.notices if notice.startswith("augment, for example: “")]
    assert example.count(" → ") == 3
    assert found["settings"] == {
        "synonyms": table, "replace": 0.15, "delete": 0.1, "swap": 0.0, "copies": 2, "seed": 5,
    }  # fmt: skip
    assert [set(sample) for sample in found["samples"]] == [{"id", "before", "after"}] * 3
    assert all(sample["before"] != sample["after"] for sample in found["samples"])


def test_copies_that_are_left_out_are_counted(table: str) -> None:
    made = frame("ab" * 50, "nothing here has a synonym but")
    made.loc[0:9, "text"] = [f"the parcel arrived {number} days late" for number in range(10)]
    splits = load(made, augment={"synonyms": table})
    found = splits.augmentation
    assert (found["unchanged"], found["copies"]) == (found["rows"] - found["copies"], len(copies(splits)))
    assert f"augment: left out {found['unchanged']} copies (nothing to change in their text)." in splits.notices


def test_another_way_is_taken_where_one_changes_nothing(table: str) -> None:
    splits = load(frame("ab" * 50, "nothing here has a synonym but"), augment={"synonyms": table, "swap": 0.1})
    assert splits.augmentation["ways"] == {"replace": 0, "swap": splits.augmentation["copies"]}
    assert splits.augmentation["copies"] > 60


def test_both_texts_of_a_pair_are_changed() -> None:
    made = frame("ab" * 50, "the first of two texts with the number")
    made["other"] = [f"and the second of them is {number} too" for number in range(100)]
    splits = load(made, text=("text", "other"), augment={"delete": 0.1})
    texts = dict(zip(splits.train.ids, splits.train.texts))
    for name, parts in copies(splits).items():
        before = texts[name.split("+")[0]]
        assert [len(part.split()) for part in parts] == [len(part.split()) - 1 for part in before]


def test_ids_stay_unique() -> None:
    made = frame(
        "ab" * 50, "a text of some words and the number", id=[f"r{n // 2}{'+1' * (n % 2)}" for n in range(100)]
    )
    splits = load(made, id="id", augment={"swap": 0.1})
    assert len(set(splits.train.ids)) == len(splits.train.ids)
    assert any("++1" in name for name in splits.train.ids)
