"""Recipes and smoke runs on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.test_commands import tunefork
from tunefork.cli import app
from tunefork.errors import ConfigError, TuneforkError


def said(*arguments: str) -> str:
    """What a command prints, in this process: torch is imported once."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_recipes_are_listed_and_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = json.loads(said("recipes", "--json"))
    assert [row["name"] for row in rows[:3]] == ["s0", "s0.fair", "s1"]
    assert (rows[0]["runs"], rows[0]["configurations"], rows[0]["data"]) == (9, 7, "hub:stanfordnlp/imdb")
    assert "accuracies not verified here" in " ".join(said("recipes").split())
    assert "s2_roberta_budget.yaml is written" in said("recipes", "--copy", "s2")
    assert Path("s2_roberta_budget.yaml").read_text().startswith("# S2: RoBERTa")
    with pytest.raises(ConfigError, match=r"The file is there already \(s2_roberta_budget.yaml\)"):
        said("recipes", "--copy", "s2")


def test_plan_takes_a_recipe_and_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(said("plan", "s2", "--no-timings", "--json"))
    assert document["rows"] == {"train": 228_000, "validation": 6_000, "test": 7_600}
    assert [run["trainable"] for run in document["runs"]] == [999_172]
    monkeypatch.setenv("COLUMNS", "200")
    shown = " ".join(said("plan", "s2", "--no-timings").split())
    assert "rows as published, not read" in shown
    assert "999,172" in shown


def test_params_takes_a_recipe() -> None:
    rows = json.loads(said("params", "s4", "--json"))
    assert {row["run"]: row["trainable"] for row in rows} == {"LoRA r=8 query+value": 372_581, "last layer": 7_165_541}
    (one,) = json.loads(said("params", "s2", "--run", "head", "--json"))
    assert one["trainable"] == 593_668  # of four classes


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    for command in ("run", "plan"):
        with pytest.raises(
            ConfigError, match=r"'s0.fiar' is neither a study file nor a recipe. Did you mean 's0.fair'"
        ):
            said(command, "s0.fiar")


@pytest.mark.slow
def test_a_study_file_is_smoked_beside_its_own_folder(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        f"name: mine\nmodel: {tiny_folder}\n"
        f"data: {{train: {messages_csv}, text: message, label: intent, id: id}}\n"
        "trackers: [tensorboard]\ncompare: [head, {lora: {rank: 80, targets: query}}]\n"
    )
    done = tunefork("run", "study.yaml", "--smoke", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["made_up"] is True
    assert document["warnings"][0].startswith("This is a smoke run: its rows are made up and its model is tiny")
    assert {run["status"] for run in document["runs"]} == {"done"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml", "tunefork-mine-smoke"]
    assert document["labels"] == ["damaged", "return", "status"]
    again = tunefork("run", "study.yaml", "--smoke", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["runs"] == document["runs"]  # the same study, which is done
    refused = tunefork("run", "study.yaml", "--smoke", "--include", "theirs.csv", cwd=tmp_path)
    assert "A smoke run has rows of its own" in refused.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("label: intent", "label: intnt", r"There is no column 'intnt' for the label .* Did you mean 'intent'"),
        ("messages.csv", "massages.csv", r"There is no such file .* Did you mean 'messages.csv'"),
        ("model: tiny", "model: nowhere", r"The model 'nowhere' cannot be loaded"),
        ("rank: 8", "rnk: 8", r"lora has no setting 'rnk' .* Did you mean 'rank'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_no_folder_is_left(
    right: str, wrong: str, message: str, tmp_path: Path, tiny_folder: Path, messages_csv: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_folder, "tiny")
    shutil.copy(messages_csv, "messages.csv")
    text = (
        "model: tiny\ndata: {train: messages.csv, text: message, label: intent, id: id}\n"
        "compare: [{lora: {rank: 8, targets: query}}]\n"
    )
    Path("study.yaml").write_text(text.replace(right, wrong))
    with pytest.raises(TuneforkError, match=message):
        said("run", "study.yaml", "--smoke", "-o", "out")
    assert not Path("out-smoke").exists()


@pytest.mark.slow
def test_a_smoke_run_takes_the_runner_and_the_folder_that_are_asked_for(
    tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    text = (
        f"model: {tiny_folder}\ndata: {{train: {messages_csv}, text: message, label: intent, id: id}}\ncompare: [head]"
    )
    (tmp_path / "study.yaml").write_text(text)
    options = ("--runner", "local", "--workers", "2", "-o", "out")
    done = tunefork("run", "study.yaml", "--smoke", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "SMOKE RUN: made-up rows, a tiny model; these numbers mean nothing." in " ".join(done.stdout.split())
    assert "Files in out-smoke: report.html" in done.stdout
