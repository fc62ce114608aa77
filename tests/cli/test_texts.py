"""Near-duplicates and augmentation on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_commands import tunefork


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, messages_csv: Path) -> Path:
    base = tmp_path_factory.mktemp("texts")
    rows = pd.read_csv(messages_csv)
    rows.iloc[:150].to_csv(base / "rows.csv", index=False)
    test = pd.concat([rows.iloc[150:], rows.iloc[:9].assign(message=rows["message"].iloc[:9] + " thanks")])
    test.assign(id=[f"t{row}" for row in range(len(test))]).to_csv(base / "test.csv", index=False)
    (base / "synonyms.csv").write_text("word,synonym\nparcel,package\nlate,tardy\n")
    return base


def arguments(tiny_folder: Path, *more: str) -> tuple[str, ...]:
    return (
        "compare", "rows.csv", "--test", "test.csv", "--model", str(tiny_folder), "--text", "message",
        "--label", "intent", "--run", "head", "--epochs", "1", "--max-length", "48", *more,
    )  # fmt: skip


def test_compare_augments_and_reports(folder: Path, tiny_folder: Path) -> None:
    augment = "synonyms=synonyms.csv,delete=0.1,copies=2"
    done = tunefork(*arguments(tiny_folder, "--augment-text", augment, "-o", "out", "--json"), cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["augmentation"]["copies"] > 250
    assert document["augmentation"]["settings"]["synonyms"] == "synonyms.csv"
    assert document["rows"]["train"] == 135 + document["augmentation"]["copies"]
    assert document["near_duplicates"][-2]["rows"] == 8, "the ninth one's row is in validation"
    assert any(
        warning.startswith("8 of 99 test rows (8.1 %) nearly equal a training") for warning in document["warnings"]
    )
    shown = tunefork("report", "out", cwd=folder).stdout
    assert "Warning: 8 of 99 test rows (8.1 %) nearly equal a training row" in " ".join(shown.split())
    assert "Note: augment, for example: “" in " ".join(shown.split())
    plan = tunefork("plan", "out/study.yaml", "--no-time", cwd=folder)
    assert plan.returncode == 0, plan.stderr
    assert "times as many rows and steps" in " ".join(plan.stdout.split())
    planned = json.loads(tunefork("plan", "out/study.yaml", "--no-time", "--json", cwd=folder).stdout)
    assert [found["rows"] for found in planned["near_duplicates"]] == [8, 1]
    assert planned["augmentation"]["copies"] == document["augmentation"]["copies"]


def test_compare_drops_near_duplicates(folder: Path, tiny_folder: Path) -> None:
    done = tunefork(*arguments(tiny_folder, "--near-duplicates", "drop_train", "-o", "dropped", "--json"), cwd=folder)
    document = json.loads(done.stdout)
    assert document["augmentation"] is None
    assert document["rows"]["train"] + document["rows"]["validation"] == 150 - 9
    assert sum(found["rows"] for found in document["near_duplicates"]) == 9
    assert not any("nearly equal" in warning for warning in document["warnings"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--near-duplicates", "drop"), "Input should be 'report', 'drop_train' or 'off' (command line, data.near_dup"),
        (("--augment-text", "synonym=x"), "augment has no setting 'synonym' (--augment-text synonym=x). Did you mean"),
        (("--augment-text", "synonyms=x.csv"), "There are no synonyms under that name (data.augment.synonyms: x.csv)"),
        (("--augment-text", "replace=0.2"), "augment needs synonyms (such as wordnet)"),
    ],
)
def test_what_cannot_be_meant(folder: Path, tiny_folder: Path, more: tuple[str, ...], message: str) -> None:
    done = tunefork(*arguments(tiny_folder, *more), cwd=folder)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
