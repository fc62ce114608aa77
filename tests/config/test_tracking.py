"""Trackers in study files and on the command line: what may be written, and what is said of everything else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
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
        ("[tensorboard, {mlflow: {uri: 'http://a:5000'}}]", [TensorBoard(), MLflow(uri="http://a:5000")]),
        ("[{mlflow: {experiment: b}}]", [MLflow(experiment="b")]),
        ("['mlflow:uri=http://a:5000,experiment=b']", [MLflow(uri="http://a:5000", experiment="b")]),
        ("[mlflow, {mlflow: {uri: 'http://b:1'}}]", [MLflow(), MLflow(uri="http://b:1")]),
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


@pytest.mark.parametrize("command", ["run", "compare"])
def test_the_command_line_has_them_too(
    command: str, tmp_path: Path, tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    study, out = tmp_path / "study.yaml", tmp_path / "out"
    model, rows = f"model: {tiny_folder}\n", f"data: {{train: {messages_csv}, text: message, label: intent}}\n"
    study.write_text(f"{model}{rows}compare: [head]\n", encoding="utf-8")
    words = {
        "run": [str(study)],
        "compare": [
            str(messages_csv),
            "--text",
            "message",
            "--label",
            "intent",
            "--run",
            "head",
            "-m",
            str(tiny_folder),
        ],
    }[command]

    def told(tracker: str) -> BaseException | None:
        return CliRunner().invoke(app, [command, *words, "--tracker", tracker, "-o", str(out)]).exception

    wrong = told("tensorbord")
    assert isinstance(wrong, StudyFileError)
    assert "Did you mean 'tensorboard'?" in str(wrong)
    monkeypatch.setattr("tunefork.trackers.opening.find_spec", lambda *_: None)
    assert isinstance(told("tensorboard:dir=logs"), MissingExtraError)
    assert not out.exists(), "nothing has begun"
