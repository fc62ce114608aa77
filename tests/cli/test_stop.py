"""``tunefork stop``, asked of a study that really runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_interrupted import command, until_it_trains
from tunefork.store import RunRecord, SqliteStore
from tunefork.study.stopping import stop

FILE = """
name: asked
model: {model}
data: {{train: {csv}, text: message, label: intent, max_length: 24, validation: 0.2}}
training: {{steps: 3000, batch_size: 8, precision: fp32, eval_every: 500}}
seeds: 1
compare: [{{lora: {{rank: [2, 4, 8], dropout: 0.1, learning_rate: 1e-2}}}}]
"""


def asked(*words: object, status: int = 0) -> tuple[str, str]:
    process = command("stop", *words)
    told, complaint = process.communicate(timeout=120)
    assert process.returncode == status, complaint
    return told, complaint


def runs_of(folder: Path) -> list[RunRecord]:
    store = SqliteStore.open(folder)
    try:
        return store.runs()
    finally:
        store.close()


def until_stopped(folder: Path) -> RunRecord:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [run for run in runs_of(folder) if run.status == "stopped"]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError("it took too long")


def figures(document: dict[str, Any]) -> dict[str, Any]:
    return {run["id"]: run["metrics"] for run in document["runs"] if run["status"] == "done"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_one_run_then_the_study_and_the_others_are_as_if_nobody_had_asked(
    workers: int, tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    path, out = tmp_path / "study.yaml", tmp_path / "out"
    path.write_text(FILE.format(model=tiny_folder, csv=messages_csv), encoding="utf-8")
    words = ("run", path, "-o", out, "--workers", workers, "--json")
    process = command(*words)
    until_it_trains(out, process)
    first = next(run for run in runs_of(out) if run.status == "running")
    found = stop(out, [first.id])
    assert found.told == (f"{first.name}, seed 0 ends behind the step that it is at, as stopped.",)
    stopped = until_stopped(out)
    assert stopped.id == first.id
    assert 0 < stopped.steps < 3000
    assert stopped.reason == f"Stopped on demand at step {stopped.steps:,} of 3,000."
    told, _ = asked(out, "--json")
    assert json.loads(told) == {
        "folder": str(out), "study": True, "runs": [],
        "told": [
            "The study stops behind this step, and everything is kept. To continue: "
            f"tunefork run {out}/study.yaml -o {out}"
        ],
    }  # fmt: skip
    document, complaint = process.communicate(timeout=120)
    assert process.returncode == 143, complaint
    assert json.loads(document)["error"]["what"] == "Stopped; everything up to here is kept"
    told, complaint = asked(out, status=1)
    assert (told, complaint.startswith("tunefork: Nobody is at work in this folder")) == ("", True)
    _, complaint = asked(out, first.id, "lora-none", status=1)
    assert "The run has already ended" in complaint
    assert "lora-none" in complaint
    process = command(*(word for word in words if word != "--json"))
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert f"1 run stays stopped, on demand: {first.name}, seed 0; --fork begins anew" in complaint
    assert "goes on from step" in complaint
    again = command(*words)
    ours = json.loads(again.communicate(timeout=300)[0])
    assert again.returncode == 0
    assert sorted(run["status"] for run in ours["runs"]) == ["done", "done", "stopped"]
    whole = command("run", path, "-o", tmp_path / "whole", "--workers", workers, "--json")
    expected = json.loads(whole.communicate(timeout=300)[0])
    assert {run["status"] for run in expected["runs"]} == {"done"}
    if choices(out) == choices(tmp_path / "whole"):
        assert figures(ours).items() <= figures(expected).items()


def choices(folder: Path) -> list[Any]:
    """Which runs share a pass, and by how many threads, is measured, and decides how they round."""
    store = SqliteStore.open(folder)
    try:
        return [store.study().choices.get(name) for name in ("groups", "threads", "precision")]
    finally:
        store.close()
