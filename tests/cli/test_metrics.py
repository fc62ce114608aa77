"""Metrics, calibration and imbalance on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_commands import tunefork
from tunefork.cli import options
from tunefork.config.metric import METRICS_OF

COST = """
import numpy as np

COSTS = np.array([[0, 1, 5], [1, 0, 1], [2, 1, 0]])

def cost(labels, probabilities):
    return float(COSTS[labels, probabilities.argmax(axis=1)].mean())

def sure(labels, probabilities):
    return float(probabilities.max(axis=1).mean())

def broken(labels, probabilities):
    raise KeyError("no prices today")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, messages_csv: Path) -> Path:
    folder = tmp_path_factory.mktemp("priced")
    (folder / "prices.py").write_text(COST)
    (folder / "rows.csv").write_bytes(messages_csv.read_bytes())
    return folder


@pytest.fixture(scope="module")
def document(place: Path, tiny_folder: Path) -> dict[str, object]:
    done = tunefork(
        "compare", "rows.csv", "--model", str(tiny_folder), "--run", "full:learning_rate=3e-3",
        "--text", "message", "--label", "intent", "--epochs", "10", "--max-length", "48", "--validation", "0.2",
        "--class-weights", "damaged=3", "--sampling", "balanced", "--label-smoothing", "0.05",
        "--metric", "lower:prices:cost", "--selection", "cost", "-o", "out", "--workers", "1", "--json", cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_help_names_every_metric_that_may_choose() -> None:
    told = options.Selection.__metadata__[0].help
    for names in METRICS_OF.values():
        assert ", ".join(names) in told


def test_compare_takes_settings_and_a_metric_of_one_s_own(document: dict[str, object]) -> None:
    runs = document["runs"]
    assert isinstance(runs, list)
    training = runs[0]["config"]["training"]
    assert training["class_weights"] == {"damaged": 3.0}
    assert (training["sampling"], training["label_smoothing"]) == ("balanced", 0.05)
    assert document["selection_metric"] == "cost"
    assert document["best"] == runs[0]["id"]
    assert 0 < runs[0]["metrics"]["validation"]["cost"] < 2


def test_report_adds_a_metric_without_training(document: dict[str, object], place: Path) -> None:
    done = tunefork("report", "out", "--metric", "prices:sure", "--json", cwd=place)
    again = json.loads(done.stdout)
    assert [run["metrics"]["test"]["cost"] for run in again["runs"]] == [
        run["metrics"]["test"]["cost"]
        for run in document["runs"]  # type: ignore[attr-defined]
    ]
    assert all(1 / 3 <= run["metrics"]["test"]["sure"] <= 1 for run in again["runs"])
    assert list(again["own_metrics"]) == ["cost", "sure"]
    assert "test_sure" in (place / "out" / "table.csv").read_text(encoding="utf-8")


def test_predictions_are_calibrated_and_it_is_told(document: dict[str, object], place: Path) -> None:
    best = next(run for run in document["runs"] if run["id"] == document["best"])  # type: ignore[attr-defined]
    temperature = best["calibration"]["temperature"]
    options = ("out", "rows.csv", "-o", "p.csv", "--probabilities")
    plain = tunefork("predict", *options, "--uncalibrated", "--json", cwd=place)
    assert json.loads(plain.stdout)["calibrated"] is False
    raw = pd.read_csv(place / "p.csv")
    told = json.loads(tunefork("predict", *options, "--json", cwd=place).stdout)
    assert (told["calibrated"], told["temperature"]) == (temperature is not None, temperature)
    found = pd.read_csv(place / "p.csv")
    assert found["prediction"].tolist() == raw["prediction"].tolist()
    assert (found["p_damaged"] - raw["p_damaged"]).abs().max() > 1e-3
    said = tunefork("predict", *options, cwd=place).stderr
    assert f"240 predictions in p.csv, calibrated by a temperature of {temperature:.3g}" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metric", "prices:broken"), "'broken' failed (prices:broken). Found: KeyError: 'no prices today'. Correct"),
        (("--selection", "cost"), "There is no metric 'cost' (command line, selection.metric)."),
        (("--class-weights", "damaged"), "--class-weights is auto, or labels with their weights. Found: 'damaged'."),
    ],
)
def test_mistakes_are_one_paragraph(options: tuple[str, ...], message: str, place: Path, tiny_folder: Path) -> None:
    done = tunefork(
        "compare", "rows.csv", "--model", str(tiny_folder), "--run", "head", "--text", "message", "--label", "intent",
        *options, "-o", "never", cwd=place,
    )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "never").exists()


def test_a_study_file_chooses_by_a_name_and_the_command_says_where_it_is(place: Path, tiny_folder: Path) -> None:
    (place / "study.yaml").write_text(
        f"model: {tiny_folder}\ndata: {{train: rows.csv, text: message, label: intent}}\ncompare: [head]\n"
        "selection: {metric: cost}\n"
    )
    done = tunefork("plan", "study.yaml", "--no-time", cwd=place)
    assert "There is no metric 'cost' (study.yaml line 4, selection.metric)" in done.stderr
    done = tunefork("plan", "study.yaml", "--no-time", "--metric", "lower:prices:cost", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["runs"]) == 1
