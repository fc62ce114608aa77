"""Signals, a second process, a full disk: through the front door."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunefork.errors import StoreError
from tunefork.store import SqliteStore

FILE = """
name: cut
model: {model}
data: {{train: {csv}, text: message, label: intent, max_length: 24, validation: 0.2}}
training: {{epochs: {epochs}, batch_size: 8, precision: fp32, eval_every: 10}}
seeds: 2
compare: [full, head, {{lora: {{rank: 4, dropout: 0.1}}}}]
"""


@pytest.fixture
def study_file(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(FILE.format(model=tiny_folder, csv=messages_csv, epochs=25), encoding="utf-8")
    return path


def command(*words: object, limit: int | None = None) -> subprocess.Popen[str]:
    def limited() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, resource.RLIM_INFINITY))

    return subprocess.Popen(
        [sys.executable, "-c", "from tunefork.cli import main; main()", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limited if limit else None,
    )  # fmt: skip


def until_it_trains(folder: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[1]
        if (folder / "study.db").is_file():
            try:
                store = SqliteStore.open(folder)
            except StoreError:  # its tables are just being made
                continue
            try:
                if any(run.status == "running" and store.steps(run.id) for run in store.runs()):
                    return
            finally:
                store.close()
        time.sleep(0.1)
    raise AssertionError("it took too long")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_a_signal_stops_behind_the_step_and_the_same_command_goes_on(
    number: int, workers: int, study_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("run", study_file, "-o", out, "--workers", workers, "--json")
    process = command(*words)
    until_it_trains(out, process)
    process.send_signal(number)
    told, complaint = process.communicate(timeout=120)
    assert process.returncode == 128 + number, complaint
    assert "stopping behind this step; once more to stop at once" in complaint
    assert f"tunefork: Stopped; everything up to here is kept ({out})." in complaint
    assert f"tunefork run {out}/study.yaml -o {out}" in complaint
    assert json.loads(told)["error"]["what"] == "Stopped; everything up to here is kept"
    assert any((out / "checkpoints").iterdir())
    process = command("run", study_file, "-o", out, "--workers", workers)
    complaint = process.communicate(timeout=300)[1]
    assert re.search(r"goes on from step [\d,]+ of [\d,]+; no step was lost", complaint), complaint
    assert process.returncode == 0
    process = command(*words)
    document = json.loads(process.communicate(timeout=300)[0])
    assert process.returncode == 0
    whole = command("run", study_file, "-o", tmp_path / "whole", "--workers", workers, "--json")
    expected = json.loads(whole.communicate(timeout=300)[0])
    first = {run["id"]: run["metrics"] for run in document["runs"]}
    second = {run["id"]: run["metrics"] for run in expected["runs"]}
    if document["environment"]["threads"] == expected["environment"]["threads"]:
        assert first == second
    assert not any((out / "checkpoints").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_who_asks_twice_is_not_kept_waiting_and_the_study_goes_on(
    workers: int, study_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = command("run", study_file, "-o", out, "--workers", workers)
    until_it_trains(out, process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "Traceback" not in complaint
    process = command("run", study_file, "-o", out, "--workers", workers)
    complaint = process.communicate(timeout=300)[1]
    assert process.returncode == 0, complaint


@pytest.mark.slow
def test_a_second_process_is_told_who_is_at_work(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = command("run", study_file, "-o", out, "--workers", 1)
    try:
        until_it_trains(out, first)
        second = command("run", study_file, "-o", out, "--workers", 1)
        _, complaint = second.communicate(timeout=120)
        assert second.returncode == 1
        assert (
            f"tunefork: Another process is at work in this folder ({out}). Found: process {first.pid} on " in complaint
        )
        assert "Traceback" not in complaint
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()


@pytest.mark.slow
def test_where_files_may_not_grow_the_study_pauses_with_a_message(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = study_file.read_text(encoding="utf-8").replace("epochs: 25", "epochs: 3")
    study_file.write_text(text + "save_every: 5 steps\n", encoding="utf-8")
    process = command("run", study_file, "-o", out, "--workers", 1, limit=3_000_000)
    _, complaint = process.communicate(timeout=200)
    assert process.returncode == 1, complaint
    assert f"tunefork: There is no room on the disk, so the study pauses ({out})." in complaint
    assert "Make room and run the same command again: it goes on from the last checkpoint." in complaint
    assert "Traceback" not in complaint
    process = command("run", study_file, "-o", out, "--workers", 1, "--json")
    document = json.loads(process.communicate(timeout=300)[0])
    assert {run["status"] for run in document["runs"]} == {"done"}
