"""Trackers in study files and on the command line: what may be written, and what is said of everything else."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from tunefork.cli import app
from tunefork.config import MLflow, TensorBoard, TrackerChoice
from tunefork.errors import MissingExtraError, ProblemsError, StudyFileError
from tunefork.study_file import parse_study, write_study
from tunefork.trackers import check_installed

BASE = "data: {train: a.csv}\ncompare: [full]\n"


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("tensorboard", [TensorBoard()]),
        ("{tensorboard: {dir: logs}}", [TensorBoard(dir="logs")]),
        ("{tensorboard: }", [TensorBoard()]),
        ("[tensorboard, {mlflow: {uri: 'http://a:5000', experiment: b}}]", [TensorBoard(), MLflow(uri="http://a:5000", experiment="b")]),
        ("['mlflow:uri=http://a:5000,experiment=b']", [MLflow(uri="http://a:5000", experiment="b")]),
        ("[{mlflow: {uri: 'http://a:1'}}, {mlflow: {uri: 'http://b:1'}}]", [MLflow(uri="http://a:1"), MLflow(uri="http://b:1")]),
        ("[mlflow: {uri: databricks}]", [MLflow(uri="databricks")]),
        ("[]", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_may_be_written(written: str, means: list[TrackerChoice]) -> None:
    study = parse_study(f"{BASE}trackers: {written}\n")
    assert list(study.trackers) == means
    assert parse_study(write_study(study)) == study


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("tensorbord", ("There is no tracker 'tensorbord'", "Did you mean 'tensorboard'?")),
        ("[wandb]", ("There is no tracker 'wandb'", "Known: tensorboard, mlflow")),
        ("[{mlflow: {url: 'http://a'}}]", ("There is no setting 'url' of mlflow", "Did you mean 'uri'?")),
        ("[{mlflow: {uri: 5}}]", ("mlflow: uri: Input should be a valid string",)),
        ("[{mlflow: {uri: 'localhost'}}]", ("uri is an address with http:, https: or sqlite: in front",)),
        ("[{mlflow: {uri: 'http://me:secret@a'}}]", ("MLFLOW_TRACKING_PASSWORD",)),
        ("[tensorboard, tensorboard]", ("The tracker tensorboard is listed twice",)),
        ("['tensorboard:logs']", ("A tracker is a name with its settings", "Write trackers: [tensorboard,")),
        ("[{tensorboard: {}, mlflow: {}}]", ("A tracker is a name with its settings",)),
        ("{tensorboard: [logs]}", ("A tracker is a name with its settings",)),
        ("3", ("A tracker is a name with its settings", "Found: 3")),
    ],
)
def test_what_may_not(written: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(f"{BASE}trackers: {written}\n", where="a.yaml")
    assert "a.yaml line 3, trackers" in str(caught.value)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_package_that_is_missing_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name in ("tensorboard", "mlflow") else plain(name, *rest)

    monkeypatch.setattr("tunefork.trackers.opening.find_spec", without)
    with pytest.raises(MissingExtraError) as caught:
        check_installed([MLflow()])
    assert str(caught.value) == (
        "The tracker mlflow needs the package mlflow, which is not installed. Run: pip install 'tunefork[mlflow]'"
    )
    with pytest.raises(ProblemsError, match="2 problems") as both:
        check_installed([TensorBoard(), MLflow(uri="http://a")])
    assert "tunefork[tensorboard]" in str(both.value)


@pytest.mark.parametrize("command", [["run", "{study}"], ["compare", "{rows}", "--run", "head"]])
def test_the_command_line_has_them_too(command: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, or misspelt, is told before rows are even read."""
    from typer.testing import CliRunner

    study, rows = tmp_path / "study.yaml", tmp_path / "rows.csv"
    study.write_text("data: {train: rows.csv}\ncompare: [head]\ntrackers: mlflow\n", encoding="utf-8")
    rows.write_text("text,label\n" + "".join(f"row {n},{'ab'[n % 2]}\n" for n in range(60)), encoding="utf-8")
    words = [each.format(study=study, rows=rows) for each in command]
    out = tmp_path / "out"
    wrong = CliRunner().invoke(app, [*words, "--tracker", "tensorbord", "-o", str(out)])
    assert isinstance(wrong.exception, StudyFileError)
    assert "Did you mean 'tensorboard'?" in str(wrong.exception)
    monkeypatch.setattr("tunefork.trackers.opening.find_spec", lambda *_: None)
    missing = CliRunner().invoke(
        app, [*words, "--tracker", "tensorboard:dir=logs", "-o", str(out), "--model", "no/such"]
    )
    assert missing.exit_code != 0
    if command[0] == "compare":
        assert "tunefork[tensorboard]" in str(missing.exception)
    assert not out.exists()
