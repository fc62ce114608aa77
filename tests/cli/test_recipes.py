"""Recipes and smoke runs on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import tunefork


def test_recipes_are_listed_and_copied(tmp_path: Path) -> None:
    rows = json.loads(tunefork("recipes", "--json").stdout)
    assert [row["name"] for row in rows[:3]] == ["s0", "s0.fair", "s1"]
    assert (rows[0]["runs"], rows[0]["configurations"], rows[0]["data"]) == (9, 7, "hub:stanfordnlp/imdb")
    assert "accuracies not verified here" in tunefork("recipes").stdout
    done = tunefork("recipes", "--copy", "s2", cwd=tmp_path)
    assert "s2_roberta_budget.yaml is written" in done.stdout
    assert (tmp_path / "s2_roberta_budget.yaml").read_text().startswith("# S2: RoBERTa")
    again = tunefork("recipes", "--copy", "s2", cwd=tmp_path)
    assert again.returncode == 2
    assert "The file is there already (s2_roberta_budget.yaml)" in again.stderr


def test_plan_takes_a_recipe_and_needs_no_network() -> None:
    done = tunefork("plan", "s2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["rows"] == {"train": 228_000, "validation": 6_000, "test": 7_600}
    assert [run["trainable"] for run in document["runs"]] == [999_172]
    shown = " ".join(tunefork("plan", "s2").stdout.split())
    assert "rows as published, not read" in shown
    assert "999,172" in shown


def test_params_takes_a_recipe() -> None:
    rows = json.loads(tunefork("params", "s4", "--json").stdout)
    assert {row["run"]: row["trainable"] for row in rows} == {"LoRA r=8 query+value": 372_581, "last layer": 7_165_541}
    (one,) = json.loads(tunefork("params", "s2", "--run", "head", "--json").stdout)
    assert one["trainable"] == 593_668  # of four classes


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    done = tunefork("run", "s0.fiar")
    assert done.returncode == 2
    assert "'s0.fiar' is neither a study file nor a recipe. Did you mean 's0.fair'?" in done.stderr


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
    assert document["warnings"][0].startswith("This is a smoke run: its rows are made up and its model is tiny")
    assert {run["status"] for run in document["runs"]} == {"done"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml", "tunefork-mine-smoke"]
    assert document["labels"] == ["damaged", "return", "status"]
    again = tunefork("run", "study.yaml", "--smoke", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["runs"] == document["runs"]  # the same study, which is done
    refused = tunefork("run", "study.yaml", "--smoke", "--include", "theirs.csv", cwd=tmp_path)
    assert "A smoke run has rows of its own" in refused.stderr
