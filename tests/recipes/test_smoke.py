"""Every recipe's smoke run: all runs done, and every table and figure that its author made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_commands import tunefork
from tunefork.recipes import RECIPES
from tunefork.store import SqliteStore

Smoked = Callable[[str], Path]


@pytest.fixture(scope="module")
def smoked(tmp_path_factory: pytest.TempPathFactory) -> Smoked:
    """Runs a recipe once; its folder."""

    @cache
    def run(name: str) -> Path:
        if name.endswith(".fair"):
            pytest.importorskip("optuna")
        place = tmp_path_factory.mktemp("smoke")
        done = tunefork("run", name, "--smoke", "-o", "out", cwd=place)
        assert done.returncode == 0, done.stderr
        assert "made-up rows, a tiny model like " in done.stderr
        assert "Warning: This is a smoke run" in " ".join(done.stdout.split())
        assert [path.name for path in place.iterdir()] == ["out-smoke"]
        return place / "out-smoke"

    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_every_run_of_a_recipe_is_done(name: str, smoked: Smoked) -> None:
    folder = smoked(name)
    store = SqliteStore(folder)
    runs = store.runs()
    assert runs
    assert {run.status for run in runs} == {"done"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "its numbers mean nothing" in page
    table = (folder / "table.md").read_text(encoding="utf-8")
    for column in ("trainable", "loss", "accuracy", "macro F1", "time", "memory"):
        assert f"| {column}" in table
    assert "before training" in table
    assert table.startswith("SMOKE RUN: made-up rows, a tiny model; these numbers mean nothing.")
    assert (folder / "table.csv").read_text(encoding="utf-8").startswith("made_up,")


FIGURES = {
    "s0": {"scores", "tradeoff", "tradeoff-time", "parameters", "rank", "targets", "loss"},
    "s0.fair": {"scores", "differences", "tradeoff", "rank", "targets", "loss", "accuracy", "search"},
    "s1": {"scores", "loss", "accuracy", "tradeoff-time", "tradeoff-memory"},
    "s1.fair": {"scores", "loss", "accuracy", "rank", "targets", "search"},
    "s2": {"loss", "accuracy"},
    "s2.fair": {"scores", "loss", "accuracy", "rank", "search"},
    "s3": {"scores", "parameters", "loss", "accuracy"},
    "s3.fair": {"scores", "differences", "parameters", "rank", "search"},
    "s4": {"scores", "parameters", "tradeoff", "tradeoff-time", "tradeoff-memory"},
    "s4.fair": {"scores", "differences", "tradeoff", "rank", "reliability", "search"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_that_the_author_drew_are_there(name: str, smoked: Smoked) -> None:
    folder = smoked(name)
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert FIGURES[name] - drawn == set()


@pytest.mark.slow
def test_s0_has_one_table_in_three_blocks(smoked: Smoked) -> None:
    table = (smoked("s0") / "table.md").read_text(encoding="utf-8")
    for block in ("methods", "rank", "layers"):
        assert f"**{block}**" in table


@pytest.mark.slow
def test_s0_fair_looks_once_for_what_stands_in_three_blocks(smoked: Smoked) -> None:
    table = (smoked("s0.fair") / "table.md").read_text(encoding="utf-8")
    first, _, searched = table.partition("trials")
    assert first.count("LoRA r=8 query+value+mlp |") == 3
    assert searched.count("LoRA r=8 query+value+mlp |") == 1


@pytest.mark.slow
def test_s2_has_steps_with_validation_and_a_submission(smoked: Smoked) -> None:
    folder = smoked("s2")
    (run,) = SqliteStore(folder).runs()
    seen = [each.step for each in SqliteStore(folder).evaluations(run.id) if each.split == "validation"]
    assert len(seen) > 3
    out = folder / "submission.csv"
    done = tunefork("predict", str(folder), str(folder / "made-up" / "unlabelled.parquet"), "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(out)) == len(pd.read_parquet(folder / "made-up" / "unlabelled.parquet"))
    found = json.loads(tunefork("changes", str(folder), "--json").stdout)
    assert found


@pytest.mark.slow
def test_s3_has_precision_recall_and_a_confusion_matrix(smoked: Smoked) -> None:
    folder = smoked("s3")
    document = json.loads(tunefork("report", str(folder), "--json").stdout)
    assert {"precision", "recall", "f1"} <= set(document["runs"][0]["per_class"][0])
    assert "confusion" in (folder / "report.html").read_text(encoding="utf-8").lower()
    assert "fewer parameters %" in (folder / "table.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_s4_derives_its_counts_and_says_what_settings_mean(smoked: Smoked) -> None:
    folder = smoked("s4")
    page = (folder / "report.html").read_text(encoding="utf-8")
    for title in ("Parameters, counted twice", "What the settings mean", "How sure it is"):
        assert f"<h2>{title}</h2>" in page
    document = json.loads(tunefork("report", str(folder), "--json").stdout)
    assert document["made_up"] is True
    for one in document["configurations"]:
        assert sum(formula["count"] for formula in one["formulas"]) == one["trainable"]
    assert document["baseline"]["accuracy"] < 0.05  # before training, of 101 classes


@pytest.mark.slow
def test_s1_has_the_loss_of_every_so_many_steps(smoked: Smoked) -> None:
    store = SqliteStore(smoked("s1"))
    for run in store.runs():
        assert [each.step for each in store.steps(run.id)][:2] == [2, 4]  # log_every is 2 in a smoke run
