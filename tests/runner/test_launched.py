"""The command under a real torchrun: the same table, one voice, stops that are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.digest import digest
from tunefork.errors import StoreError
from tunefork.store import SqliteStore
from tunefork.study.stopping import stop

STUDY = """
name: launched
model: {model}
data: {{train: {csv}, max_length: 32}}
training: {{steps: {steps}, precision: fp32, batch_size: 6}}
save_every: {{steps: 3}}
compare:
  - full
  - head
  - lora: {{rank: [2, 4], dropout: 0.1}}
"""
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m", "tunefork"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")]


def study(folder: Path, model: Path, csv: Path, steps: int = 12) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(model=model, csv=csv, steps=steps), encoding="utf-8")
    return file


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


def ended(command: list[str], status: int = 0) -> str:
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == status, done.stderr
    return done.stdout


def logits(folder: Path) -> dict[str, Any]:
    store = SqliteStore.open(folder)
    return {run.id: store.predictions(run.id, "test").logits for run in store.runs()}


def test_torchrun_gives_what_the_command_gives(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    file = study(tmp_path, tiny_folder, messages_csv)
    told = ended([*TORCHRUN, "run", str(file), "-o", str(tmp_path / "two")])
    ended([sys.executable, "-m", "tunefork", "run", str(file), "-o", str(tmp_path / "one")])
    assert told.count("Files in ") == 1, "followers are silent"
    ours, theirs = logits(tmp_path / "two"), logits(tmp_path / "one")
    assert ours.keys() == theirs.keys()
    for run in ours:
        assert ours[run] == pytest.approx(theirs[run], rel=1e-3, abs=1e-4)
    choices = SqliteStore.open(tmp_path / "two").study().choices
    assert choices["workers"] == 1


@pytest.fixture(scope="module")
def whole(tiny_folder: Path, messages_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that nobody disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    ended([*TORCHRUN, "run", str(study(folder, tiny_folder, messages_csv, steps=60)), "-o", str(folder / "out")])
    return folder / "out"


@pytest.mark.parametrize("how", ["SIGINT", "stop", "follower"])
def test_what_stops_it_is_kept_and_goes_on(
    how: str, whole: Path, tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    file = study(tmp_path, tiny_folder, messages_csv, steps=60)
    out = tmp_path / "out"
    command = [*TORCHRUN, "run", str(file), "-o", str(out)]
    started = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        _wait_for_steps(out)
        if how == "stop":
            stop(out)
        elif how == "SIGINT":
            started.send_signal(signal.SIGINT)
        else:
            import psutil

            own = [each for each in psutil.Process(started.pid).children() if each.environ().get("RANK") == "1"]
            own[0].kill()
        _, told = started.communicate(timeout=200)
    finally:
        started.kill()
        started.wait()
    assert started.returncode != 0
    if how != "follower":
        assert "Stopped; everything up to here is kept" in told
    store = SqliteStore.open(out)
    assert any(run.status == "running" for run in store.runs())
    ended(command)
    ours, theirs = logits(out), logits(whole)
    for run in theirs:
        assert digest(ours[run].tobytes()) == digest(theirs[run].tobytes())


def _wait_for_steps(folder: Path) -> None:
    end = time.monotonic() + 200
    while time.monotonic() < end:
        with suppress(StoreError):  # its tables are being made
            store = SqliteStore.open(folder)
            try:
                if any(step.step >= 10 for run in store.runs() for step in store.steps(run.id)):
                    return
            finally:
                store.close()
        time.sleep(0.1)
    raise AssertionError("it took too long")
