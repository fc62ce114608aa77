from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import tunefork.data
from tunefork.data import load_data, read_unlabelled
from tunefork.errors import ColumnError, ConfigError, DataError

ROWS = pd.DataFrame({"text": [f"late {n}" for n in range(100)], "label": ["a", "b"] * 50})


def test_public_names_are_sorted_and_there():
    assert tunefork.data.__all__ == sorted(tunefork.data.__all__)
    assert all(hasattr(tunefork.data, name) for name in tunefork.data.__all__)


def test_importing_is_light():
    code = (
        "import sys, tunefork.data;"
        "print([m for m in ('torch', 'pandas', 'pyarrow', 'datasets', 'transformers', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_file(write):
    write("reviews.csv", ROWS.to_csv(index=False))
    data = load_data("reviews.csv")
    assert repr(data) == "Data('reviews.csv', not read yet)"
    splits = data.splits()
    assert splits is data.splits()
    assert repr(data) == "Data('reviews.csv': 72 train, 8 validation, 20 test rows, 2 classes)"
    assert repr(splits) == "Splits(72 train, 8 validation, 20 test rows, 2 classes)"
    assert load_data(Path("reviews.csv"), test=0.5, validation=0.0).splits().rows == {"train": 50, "test": 50}


def test_frames():
    held = ROWS.assign(text=ROWS["text"] + " more")
    data = load_data(ROWS, text="text", label="label", test=held, validation=0.2, max_length=64)
    assert data.config.max_length == 64
    assert data.splits().rows == {"train": 80, "validation": 20, "test": 100}
    assert repr(data).startswith("Data(DataFrame: 80 train")


def test_options_go_to_the_configuration():
    data = load_data("a.csv", text=["premise", "hypothesis"], classes=("x", "y"), rows={"train": 8}, leakage="allow")
    assert data.config.text == ("premise", "hypothesis")
    assert data.config.rows.train == 8


def test_wrong_options():
    with pytest.raises(ConfigError) as caught:
        load_data("a.csv", max_lenght=3)
    assert caught.value.what == "load_data has no option 'max_lenght'"
    assert caught.value.fix == "Did you mean 'max_length'?"
    with pytest.raises(ConfigError, match="leakage") as caught:
        load_data("a.csv", leakage="maybe")
    assert caught.value.found == "'maybe'"
    with pytest.raises(ConfigError, match="test is not a source of rows"):
        load_data("a.csv", test=[1, 2])


def test_rows_to_predict(write):
    write("new.csv", "message,ticket_id\nlate again,x\nthank you,y\n")
    assert read_unlabelled("new.csv", ["message"]) == (("x", "y"), (("late again",), ("thank you",)), "ticket_id")
    assert read_unlabelled("new.csv") == read_unlabelled("new.csv", ["message"], "ticket_id")
    ids, texts, name = read_unlabelled(pd.DataFrame({"a": ["x"], "b": ["y"]}, index=["k"]), ["a", "b"])
    assert (ids, texts, name) == (("k",), (("x", "y"),), "row")


def test_rows_that_cannot_be_predicted(write):
    write("new.csv", 'message,id\nlate again,1\n"",2\n')
    with pytest.raises(ColumnError) as caught:
        read_unlabelled("new.csv", ["mesage"])
    assert caught.value.found == "columns message, id"
    assert caught.value.fix == "Did you mean 'message'?"
    with pytest.raises(ColumnError, match="no column 'key' for the id"):
        read_unlabelled("new.csv", ["message"], "key")
    with pytest.raises(DataError) as caught:
        read_unlabelled("new.csv", ["message"])
    assert caught.value.where == "new.csv line 3"
    assert "remove these rows" in caught.value.fix
