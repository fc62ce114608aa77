"""Before anything trains, everything that is wrong with rows, settings, model and configurations is told at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tunefork import Head, LoRA, Study, load_data
from tunefork.config import Configuration
from tunefork.errors import ColumnError, LabelError, LeakageError, ProblemsError, TargetError

TEXTS = [f"parcel number {row} has not arrived" for row in range(40)]


def files(folder: Path) -> tuple[Path, Path]:
    """Training rows without label, text, or own id; test rows with a training row's text and a label of their own."""
    train = [[f"t{row}", TEXTS[row], "ab"[row % 2]] for row in range(30)]
    train[3][2] = ""
    train[7][1] = "  "
    train[9][0] = "t8"
    test = [[f"u{row}", TEXTS[row], "ab"[row % 2]] for row in range(30, 40)]
    test[0][1] = TEXTS[5].upper()
    test[4][2] = "c"
    test[6][2] = ""
    for name, rows in (("train.csv", train), ("test.csv", test)):
        lines = [",".join(row) for row in [["id", "text", "label"], *rows]]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "train.csv", folder / "test.csv"


def test_everything_is_told_at_once(tmp_path: Path, tiny_folder: Path) -> None:
    train, test = files(tmp_path)
    study = Study(
        model=str(tiny_folder),
        data=load_data(train, test=test, id="id", text="text", label="label"),
        compare=[Head(), LoRA(rank=2, targets="quary"), LoRA(rank=64, targets="query")],
    )
    with pytest.raises(ProblemsError) as caught:
        study.run(tmp_path / "out", progress=False)
    told = [str(each) for each in caught.value.problems]
    expected = [
        ("1 row has no label in column 'label'", "train.csv line 5", "--drop-missing"),
        ("1 row has an empty text in column text", "train.csv line 9", "--drop-empty"),
        ("The id 't8' stands in 2 rows of column 'id'", "train.csv lines 10, 11", "Make the ids unique"),
        ("1 row has no label in column 'label'", "test.csv line 8", "--drop-missing"),
        ("The target 'quary' selects no linear", "lora.targets", "roles query, key, value"),
        ("rank must be at most 32", "layer.0.attention.self.query", "Lower the rank"),
    ]
    assert len(told) == len(expected)
    for parts, message in zip(expected, told):
        for part in parts:
            assert part in message, message
    assert not (tmp_path / "out").exists(), "nothing was begun"


def test_leaks_and_labels_are_told_together(tmp_path: Path, tiny_folder: Path) -> None:
    train, test = files(tmp_path)
    data = load_data(train, test=test, text="text", label="label", drop_missing=True, drop_empty=True)
    with pytest.raises(ProblemsError) as caught:
        Study(model=str(tiny_folder), data=data, compare=[Head()]).plan(timings=False)
    leak, label = caught.value.problems
    assert isinstance(leak, LeakageError)
    assert "train.csv line 7; " in str(leak)
    assert isinstance(label, LabelError)
    assert str(label).startswith("The label 'c' is in test but not in training (")


def test_one_thing_wrong_is_its_own_error(tmp_path: Path, tiny_folder: Path) -> None:
    train, _ = files(tmp_path)
    data = load_data(train, text="text", label="label", drop_missing=True, drop_empty=True)
    with pytest.raises(TargetError, match="quary"):
        Study(model=str(tiny_folder), data=data, compare=[LoRA(rank=2, targets="quary")]).plan(timings=False)
    with pytest.raises(ColumnError):
        Study(model=str(tiny_folder), data=load_data(train, text="txt", label="label")).plan(timings=False)


def test_the_command_line_tells_all_of_them_to_people_and_machines(tmp_path: Path, tiny_folder: Path) -> None:
    train, test = files(tmp_path)
    settings = [str(train), "--test", str(test), "--model", str(tiny_folder), "--run", "head", "--run", "lora:rank=900"]
    command = [str(Path(sys.executable).with_name("tunefork")), "compare", *settings, "-o", str(tmp_path / "out")]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(found["problems"]) == done.stderr.count("\n  ") > 3
    assert found["error"] == found["problems"][0]
    assert {"what", "where", "found", "fix"} == found["problems"][0].keys()
    assert "900" in json.dumps(found["problems"][-1])
    assert "Traceback" not in done.stderr


def test_the_ends_of_a_search_space_are_looked_at(tmp_path: Path, tiny_folder: Path) -> None:
    train, _ = files(tmp_path)
    data = load_data(train, text="text", label="label", drop_missing=True, drop_empty=True)
    search = {"trials": 2, "space": {"lora": {"rank": [4, 64], "targets": ["query", "quary"]}}}
    study = Study(model=str(tiny_folder), data=data, compare=[Head(), Configuration("lora")], search=search)
    with pytest.raises(ProblemsError) as caught:
        study.plan(timings=False)
    first, second = caught.value.problems
    assert str(first).startswith("rank must be at most 32 for bert.encoder.layer.0.attention.self.query but got 64")
    assert str(second).startswith("The target 'quary' selects no linear of this bert model")
