"""Rows that a study leaves out, listed in its folder."""

from __future__ import annotations

import csv
from pathlib import Path

from tunefork import Head, Study, load_data
from tunefork.data import LeftOut
from tunefork.study.left_out import keep_left_out


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_study_lists_what_it_left_out(tiny_folder: Path, tmp_path: Path) -> None:
    rows = [f"row number {number},{'ab'[number % 2]}" for number in range(40)] + [" ,a", "no label,"]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    data = load_data(tmp_path / "a.csv", drop_empty=True, drop_missing=True)
    study = Study(str(tiny_folder), data, [Head()], training={"epochs": 1, "precision": "fp32"})
    made = study.run(tmp_path / "out", progress=False)
    assert read(tmp_path / "out" / "left_out.csv") == [
        ["split", "row", "name", "reason"],
        ["train", f"{tmp_path / 'a.csv'} line 42", "", "empty text"],
        ["train", f"{tmp_path / 'a.csv'} line 43", "", "no label"],
    ]
    assert "left_out.csv" in made.to_dict()["files"]


def test_formulas_are_quoted_and_each_row_is_a_line(tmp_path: Path) -> None:
    keep_left_out(tmp_path, [LeftOut("train", "a.csv line 2", "=1+1.png", "two\nlines")])
    assert read(tmp_path / "left_out.csv")[1:] == [["train", "a.csv line 2", "'=1+1.png", "two\\nlines"]]
    keep_left_out(tmp_path, [])
    assert not list(tmp_path.iterdir()), "there is nothing to list"
