"""Groups in worker processes: the same contract, and what only processes can do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from tests.digest import digest
from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tunefork.config import SaveEvery
from tunefork.runner import LocalRunner, Runner
from tunefork.runner.group import Order
from tunefork.runner.pool import Pool
from tunefork.store import RunRecord, SqliteStore, Store


class TestLocalRunnerWithWorkers(RunnerContract):
    workers = 2
    threads = 1

    def make_runner(self) -> Runner:
        return LocalRunner()

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder)

    def test_workers_give_the_bits_of_this_process(self, store: Store, tmp_path: Path) -> None:
        runs = [planned(text) for text in (RUNS[0], RUNS[2])]
        self.make_runner().execute(*self.prepare(store, runs), store, Told())
        here = RunnerContract()
        here.threads = 1
        alone = here.make_store(tmp_path / "here")
        self.make_runner().execute(*here.prepare(alone, runs), alone, Told())
        for run in runs:
            theirs, ours = (each.predictions(run.config.id, "test").logits for each in (store, alone))
            assert torch.equal(torch.tensor(theirs), torch.tensor(ours))


class Looking(Told):
    """Looks what workers keep together on this machine, whenever a step is made."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.seen = folder, set[str]()

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        self.seen |= {path.name.partition("-float32")[0] for path in self.folder.rglob("*.states")}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs locks that end with their process")
def test_workers_share_what_frozen_blocks_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "tmp").mkdir()
    here, workers = RunnerContract(), TestLocalRunnerWithWorkers()
    here.threads = 1
    stores = [SqliteStore(tmp_path / "here"), SqliteStore(tmp_path / "shared")]
    runs = [planned(text) for text in ("head:learning_rate=1e-2", "head:learning_rate=1e-3", "last_layers")]
    told = Looking(tmp_path / "tmp")
    for contract, store in zip((here, workers), stores):
        LocalRunner().execute(*contract.prepare(store, runs), store, told)
    assert told.seen >= {f"{split}-{depth}" for split in ("train", "validation") for depth in (1, 2)}
    assert not list((tmp_path / "tmp").glob("tunefork-*/*"))
    for run in runs:
        found = [sorted((store.folder / "runs" / run.config.id).glob("*.safetensors")) for store in stores]
        assert [path.name for path in found[0]] == [path.name for path in found[1]]
        assert found[0]
        one, other = ([digest(path.read_bytes()) for path in each] for each in found)
        assert one == other


class Killing(Told):
    """Kills the one worker while it trains the first group, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.first = times, -1
        self.killed: list[int] = []

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        self.first = group if self.first < 0 else self.first
        alive = [each.pid for each in workers() if each.pid not in self.killed]
        if group == self.first and alive and len(self.killed) < self.times and step >= 3:
            self.killed += alive
            os.kill(alive[0], signal.SIGKILL)


def workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "tunefork.runner.worker" in " ".join(each.cmdline())]


def killed(folder: Path, told: Told) -> list[RunRecord]:
    """Three groups, one after another in a worker that is killed."""
    contract = TestLocalRunnerWithWorkers()
    store = SqliteStore(folder)
    runs = [planned(text) for text in RUNS[:3]]
    _, job = contract.prepare(store, runs)
    orders = [Order(number, (run,), "fp32") for number, run in enumerate(runs)]
    with Pool(1, 1, replace(job, save_every=SaveEvery(steps=2)), store, told) as pool:
        pool.execute(orders)
    assert not workers(), "nobody is left behind"
    return [store.run(run.config.id) for run in runs]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_worker_that_dies_costs_nothing(tmp_path: Path) -> None:
    told = Killing(1)
    found = killed(tmp_path / "a", told)
    assert [record.status for record in found] == ["done", "done", "done"]
    assert len(told.killed) == 1
    whole = killed(tmp_path / "b", Told())
    for one, other in zip(found, whole):
        files = [tmp_path / name / "runs" / one.id for name in ("a", "b")]
        first, second = (
            {each.name: digest(each.read_bytes()) for each in file.glob("*.safetensors")} for file in files
        )
        assert first == second
        assert one.best_step == other.best_step


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_group_over_which_workers_die_again_and_again_fails_alone(tmp_path: Path) -> None:
    told = Killing(2)
    found = killed(tmp_path, told)
    assert len(told.killed) == 2
    assert sorted(record.status for record in found) == ["done", "done", "failed"]
    (failed,) = (record for record in found if record.status == "failed")
    assert failed.reason.startswith("The worker process ended with signal 9. ")
    assert "use a smaller batch_size, or fewer workers: --workers 1" in failed.reason
    assert len(told.finished) == 3


SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
from tunefork import Full, Head, Study, load_data
study = Study(
    model={model!r}, data=load_data({csv!r}, max_length=32), compare=[Full(), Head()],
    training={{"steps": {steps}, "precision": "fp32"}},
)
results = study.run({out!r}, progress=False, workers=2)
print(sorted(run["status"] for run in results.to_dict()["runs"]))
"""


def test_a_plain_script_needs_no_main_guard(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    """``multiprocessing`` would import the script again in every worker, and start the study again."""
    text = SCRIPT.format(model=str(tiny_folder), csv=str(messages_csv), out=str(tmp_path / "out"), steps=3)
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['done', 'done']"
    choices = SqliteStore.open(tmp_path / "out").study().choices
    assert choices["workers"] == 2
    assert choices["threads"] >= 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_no_worker_outlives_the_study(how: str, tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    text = SCRIPT.format(model=str(tiny_folder), csv=str(messages_csv), out=str(tmp_path / "out"), steps=100_000)
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    script = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        seen = _eventually(lambda: _training(script.pid, tmp_path / "out"))
        script.send_signal(getattr(signal, how))
        assert script.wait(120) != 0
        assert _eventually(lambda: not any(psutil.pid_exists(pid) for pid in seen))
    finally:
        script.kill()
        script.wait()


def _training(pid: int, folder: Path) -> list[int]:
    """The study's workers, once both have recorded a step."""
    found = [each.pid for each in psutil.Process(pid).children()]
    if len(found) < 2 or not (folder / "study.db").is_file():
        return []
    store = SqliteStore.open(folder)
    try:
        runs = store.runs()
        return found if runs and all(store.steps(run.id) for run in runs) else []
    finally:
        store.close()


def _eventually(answer: Callable[[], Any], seconds: float = 90.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)
    return found
