from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest

from tunefork.config import DataConfig
from tunefork.data import Splits, fewer, half_width, load_splits
from tunefork.errors import ColumnError, ConfigError, ReadError, SplitError

from .frames import frame, load, per_class, refused


def test_shares_are_exact_and_stratified():
    splits = load(frame("a" * 700 + "b" * 300))
    assert splits.rows == {"train": 720, "validation": 80, "test": 200}
    assert per_class(splits) == [[504, 216], [56, 24], [140, 60]]
    ids = [identity for split in splits.present() for identity in split.ids]
    assert sorted(map(int, ids)) == list(range(1000))
    assert list(map(int, splits.train.ids)) == sorted(map(int, splits.train.ids))
    assert splits.train.texts[0] == (f"row {splits.train.ids[0]}",)


def test_no_validation():
    splits = load_no_validation()
    assert splits.validation is None
    assert splits.rows == {"train": 80, "test": 20}


def load_no_validation() -> Splits:
    return load_splits(DataConfig(train="-", validation=0), frames={"train": frame("ab" * 50)})


def test_who_tests_by_himself_needs_no_test_rows():
    rows = {"train": frame("ab" * 50 + "c")}
    splits = load_splits(DataConfig(train="-", test=0, rare="train"), frames=rows, tested=False)
    assert splits.rows == {"train": 91, "validation": 10}
    assert not [warning for warning in splits.warnings if "test" in warning]
    with pytest.raises(SplitError, match=r"There are no test rows \(test: 0\)"):
        splits.test_rows  # noqa: B018
    everything = load_splits(DataConfig(train="-", test=0, validation=0), frames=rows, tested=False)
    assert everything.rows == {"train": 101}, "of which none is rare, where nothing is held out"
    assert fewer(everything, {"train": 10}).rows == {"train": 10}
    with pytest.raises(SplitError, match="a single row"):
        load_splits(DataConfig(train="-", test=0), frames=rows, tested=False)


def test_labels_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        load_no_validation().train.labels[0] = 1


def test_equal_normalised_texts_stay_on_one_side():
    rows = frame("a" * 210 + "b" * 210)
    rows["text"] = [f"Text  {row // 3}".upper() if row % 2 else f"text {row // 3}" for row in range(420)]
    for seed in range(5):
        splits = load(rows, split_seed=seed)
        sides = [{parts[0].lower().split()[1] for parts in split.texts} for split in splits.present()]
        assert splits.rows == {"train": 300, "validation": 36, "test": 84}
        assert [len(side) for side in sides] == [100, 12, 28]


def test_groups_stay_on_one_side():
    rows = frame("ab" * 150, customer=[f"c{row % 30}" for row in range(300)])
    splits = load(rows, group="customer")
    by_id = dict(zip(map(str, range(300)), rows["customer"]))
    sides = [{by_id[identity] for identity in split.ids} for split in splits.present()]
    assert [len(side) for side in sides] == [22, 2, 6]
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def test_rows_without_a_group_are_groups_of_their_own():
    rows = frame("ab" * 50, customer=[None] * 90 + ["x"] * 10)
    splits = load(rows, group="customer")
    assert splits.rows == {"train": 72, "validation": 8, "test": 20}
    assert "90 rows of train DataFrame without a customer: each is a group of its own." in splits.notices


def test_groups_too_large_for_the_share_are_pointed_out():
    rows = frame("ab" * 50, customer=["x"] * 40 + ["y"] * 60)
    splits = load_splits(DataConfig(train="-", validation=0, test=0.3, group="customer"), frames={"train": rows})
    assert splits.rows == {"train": 60, "test": 40}
    assert "test has 40 rows instead of 30: equal texts and groups stay together." in splits.warnings
    error = refused(SplitError, frame("ab" * 5, customer=["x"] * 10), group="customer")
    assert error.what == "No rows can be held out as test"


def test_every_class_keeps_a_training_row():
    rows = frame("a" * 50 + "bbb", customer=[str(row) for row in range(50)] + ["x"] * 3)
    for seed in range(20):
        config = DataConfig(train="-", group="customer", split_seed=seed, test=0.7)
        splits = load_splits(config, frames={"train": rows})
        assert Counter(splits.train.labels.tolist())[1] == 3


def test_the_seed_moves_the_split_and_nothing_else_does():
    rows = frame("a" * 70 + "b" * 30)
    assert load(rows).hash == load(rows).hash
    assert load(rows).test.ids != load(rows, split_seed=1).test.ids
    shuffled = rows.sample(frac=1, random_state=0)
    assert set(load(shuffled).test.texts) == set(load(rows).test.texts)
    longer = pd.concat([rows, frame("a" * 7 + "b" * 3, "new")], ignore_index=True)
    assert len(set(load(longer).test.texts) & set(load(rows).test.texts)) >= 18


def test_the_hash_sees_everything_and_nothing_else(write):
    rows = frame("ab" * 50)
    first = load(rows).hash
    assert len(first) == 64
    write("a.csv", rows.to_csv(index=False))
    assert load_splits(DataConfig(train="a.csv")).hash == first
    assert load_splits(DataConfig(train="a.csv", classes=("b", "a"))).hash != first
    for column, value in (("text", "other"), ("label", "b")):
        changed = rows.copy()
        changed.loc[0, column] = value
        assert load(changed).hash != first
    assert load(rows.set_index(pd.Index(range(1, 101)))).hash != first


def test_another_process_finds_the_same_split(write, tmp_path):
    rows = frame("a" * 60 + "b" * 40, customer=[f"c{row % 17}" for row in range(100)])
    write("a.csv", rows.to_csv(index=False))
    code = (
        "from tunefork.data import load_splits; from tunefork.config import DataConfig;"
        "s = load_splits(DataConfig(train='a.csv', group='customer', rows={'train': 30}));"
        "print(s.hash, s.notices, s.warnings)"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(answers) == 1
    assert len(answers.pop()) > 64


def test_paths_start_from_the_base(write, tmp_path, monkeypatch):
    write("a.csv", frame("ab" * 20).to_csv(index=False))
    write("b.csv", frame("ab" * 20, "held").to_csv(index=False))
    monkeypatch.chdir("/")
    splits = load_splits(DataConfig(train="a.csv", test="b.csv"), base=tmp_path)
    assert splits.rows == {"train": 36, "validation": 4, "test": 40}
    with pytest.raises(ReadError, match=r"no such file \(a.csv\)"):
        load_splits(DataConfig(train="a.csv"))


def test_columns_are_needed_in_every_file():
    error = refused(ColumnError, frame("ab"), None, frame("ab", "x").rename(columns={"label": "lable"}))
    assert error.where == "test DataFrame"
    assert error.fix == "Did you mean 'lable'?"


def test_a_rare_class():
    rows = frame("a" * 30 + "b" * 30 + "cd")
    error = refused(SplitError, rows)
    assert error.what == "There are 2 classes with a single row, which cannot be in both training and test"
    assert error.where == "train DataFrame indices 60, 61"
    assert error.found == "'c': 1, 'd': 1"
    assert "--rare train (rare: train)" in error.fix
    assert "--rare drop (rare: drop)" in error.fix
    assert "rare: drop" in error.fix
    kept = load(rows, rare="train")
    assert {"60", "61"} <= set(kept.train.ids)
    assert kept.labels.names == ("a", "b", "c", "d")
    assert "2 classes with a single row kept in training: c, d." in kept.notices
    dropped = load(rows, rare="drop")
    assert dropped.labels.names == ("a", "b")
    assert sum(dropped.rows.values()) == 60
    assert "2 classes with a single row left out: c, d (2 rows)." in dropped.notices
    with_files = load(rows, frame("ab", "v"), frame("abc", "t"))
    assert with_files.rows == {"train": 62, "validation": 2, "test": 3}


def test_rare_classes_cannot_leave_one():
    with pytest.raises(Exception, match="Only 1 class would be left"):
        load(frame("aaab"), rare="drop")


def test_too_few_rows():
    with pytest.raises(SplitError) as caught:
        load_splits(DataConfig(train="-", test=0.5), frames={"train": frame("aabb")})
    error = caught.value
    assert error.what == "No rows can be held out as validation"
    assert error.found == "2 rows with 2 distinct texts"
    assert error.fix


def test_rows_takes_a_stratified_subset_after_splitting():
    rows = frame("a" * 700 + "b" * 300)
    whole, part = load(rows), load(rows, rows={"train": 100, "validation": 10, "test": 50})
    assert per_class(part) == [[70, 30], [7, 3], [35, 15]]
    assert set(part.train.ids) < set(whole.train.ids)
    assert set(part.test.ids) < set(whole.test.ids)
    assert "train: 100 of 720 rows taken (rows.seed 0)." in part.notices
    assert load(rows, rows={"train": 100, "seed": 1}).train.ids != part.train.ids
    assert load(rows, rows=100).train.ids == part.train.ids


def test_rows_keeps_every_class_in_training():
    assert per_class(load(frame("a" * 900 + "bb" * 5), rows={"train": 2}))[0] == [1, 1]
    error = refused(SplitError, frame("abc" * 10), rows={"train": 2})
    assert error.what == "rows.train is smaller than the number of classes: 2 < 3"


def test_more_rows_than_there_are():
    splits = load(frame("ab" * 50), rows={"train": 1000})
    assert splits.rows["train"] == 72
    assert "rows.train asks for 1,000 but there are 72: all are taken." in splits.notices


def test_imbalance_and_a_tiny_test_are_warned_of():
    splits = load(frame("a" * 275 + "b" * 25))
    assert splits.rows["test"] == 60
    warning = "The classes are imbalanced: 'a' has 198 training rows, 'b' has 18."
    (found,) = (text for text in splits.warnings if text.startswith(warning))
    assert found.endswith(
        "Read macro-F1 and the majority baseline beside accuracy; class_weights: auto or sampling: balanced (training) "
        "let rare classes count more."
    )
    assert any("60 rows" in text and "± 12.7 percentage points" in text for text in splits.warnings)
    assert load(frame("ab" * 250)).warnings == ()


def test_half_width():
    assert half_width(1821) == pytest.approx(0.02297, abs=1e-5)


def test_settings_that_contradict_each_other():
    rows = {"train": frame("ab")}
    with pytest.raises(ConfigError, match="given twice"):
        load_splits(DataConfig(train="a.csv"), frames=rows)
    with pytest.raises(ConfigError, match="no split 'tets'"):
        load_splits(DataConfig(train="-"), frames=rows | {"tets": frame("ab")})
    with pytest.raises(ConfigError, match="handed over in Python"):
        load_splits(DataConfig(train="-"))
    with pytest.raises(SplitError, match="no test rows"):
        load_splits(DataConfig(train="-", test=0.0), frames=rows)
