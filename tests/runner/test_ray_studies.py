"""Whole studies on a Ray cluster of this machine: the local runner's table, signals, nothing left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.test_interrupted import until_it_trains
from tests.faults.small_study import outcome, prepare, texts
from tests.runner.test_pool import _eventually
from tests.runner.test_ray import trainers
from tunefork.runner import LocalRunner, RayRunner

pytest.importorskip("ray")


@pytest.mark.slow
def test_a_study_with_a_search_is_that_of_the_local_runner_whoever_dies(
    cluster: RayRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both with two workers of one thread, so that the same runs share passes; then once more with workers killed."""
    prepare(tmp_path)
    study = texts(tmp_path)
    study.run(tmp_path / "local", progress=False, workers=2, runner=LocalRunner())
    expected = outcome(tmp_path / "local")
    study.run(tmp_path / "ray", progress=False, workers=2, runner=cluster)
    assert outcome(tmp_path / "ray") == expected
    draw, over, killed = random.Random(0), threading.Event(), []

    def kill() -> None:
        while not over.wait(draw.uniform(9, 14) if killed else 1.5):  # whoever comes next needs time to start
            found = trainers()
            if found:
                killed.append(draw.choice(found).pid)
                os.kill(killed[-1], signal.SIGKILL)

    monkeypatch.setattr("tunefork.runner.crew.RETRIES", 100)
    killing = threading.Thread(target=kill)
    killing.start()
    try:
        study.run(tmp_path / "killed", progress=False, workers=2, runner=cluster)
    finally:
        over.set()
        killing.join()
    assert killed
    assert outcome(tmp_path / "killed") == expected


FILE = """
name: cut
model: {model}
data: {{train: {csv}, text: message, label: intent, max_length: 24, validation: 0.2}}
training: {{steps: {steps}, batch_size: 8, precision: fp32, eval_every: 100}}
compare: [full, head, {{lora: {{rank: 4, dropout: 0.1}}}}]
"""


@pytest.fixture
def study_file(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(FILE.format(model=tiny_folder, csv=messages_csv, steps=600), encoding="utf-8")
    return path


def started(path: Path, out: Path) -> subprocess.Popen[str]:
    """A study of its own process group, as a shell starts it."""
    words = ["run", path, "-o", out, "--runner", "ray", "--workers", "2", "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", "from tunefork.cli import main; main()", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def lives(process: psutil.Process) -> bool:
    """Whether it still does something; a container's first process may not collect what has ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started(study_file, out)
    until_it_trains(out, process)
    below = psutil.Process(process.pid).children(recursive=True)
    assert any(each.name() == "raylet" for each in below)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the group gets it
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "Run the same command again to continue" in told
    assert _eventually(lambda: not any(map(lives, below)))
    assert list((out / "checkpoints").iterdir()), "where it was is kept"
    assert not (out / "ray").exists()
    process = started(study_file, out)
    shown, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert {run["status"] for run in json.loads(shown)["runs"]} == {"done"}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_nothing_outlives_a_runner_that_is_killed(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started(study_file, out)
    until_it_trains(out, process)
    below = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    end = time.monotonic() + 150  # Ray's agents try to reach the others for a minute before they go
    while any(map(lives, below)) and time.monotonic() < end:
        time.sleep(0.2)
    left = [each.name() for each in below if lives(each)]
    for each in below:
        if lives(each):
            each.kill()
    assert left == []
