"""Groups in worker processes: the same contract, and what only processes can do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tunefork.runner import LocalRunner, Runner
from tunefork.store import SqliteStore, Store


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


class Killing(Told):
    """Kills the process that told of the first step, and keeps what is left of them."""

    killed = 0

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        if not self.killed:
            self.killed = workers()[0].pid
            os.kill(self.killed, signal.SIGKILL)


def workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "tunefork.runner.worker" in " ".join(each.cmdline())]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_worker_that_dies_fails_its_group_alone(tmp_path: Path) -> None:
    contract = TestLocalRunnerWithWorkers()
    contract.workers = 1
    store = SqliteStore(tmp_path)
    runs = [planned(text) for text in RUNS[:3]]
    plan, job = contract.prepare(store, runs)
    object.__setattr__(plan, "workers", 2)
    told = Killing()
    LocalRunner().execute(plan, job, store, told)
    found = [store.run(run.config.id) for run in runs]
    assert sorted(record.status for record in found) == ["done", "done", "failed"]
    (failed,) = (record for record in found if record.status == "failed")
    assert failed.reason.startswith("The worker process ended with signal 9. ")
    assert "use a smaller batch_size, or fewer workers: --workers 1" in failed.reason
    assert told.ended == 1
    assert len(told.finished) == 3
    assert not workers(), "nobody is left behind"


SCRIPT = """
from tunefork import Full, Head, Study, load_data
study = Study(
    model={model!r}, data=load_data({csv!r}, max_length=32), compare=[Full(), Head()],
    training={{"steps": 3, "precision": "fp32"}},
)
results = study.run({out!r}, progress=False, workers=2)
print(sorted(run["status"] for run in results.to_dict()["runs"]))
"""


def test_a_plain_script_needs_no_main_guard(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    """``multiprocessing`` would import the script again in every worker, and start the study again."""
    text = SCRIPT.format(model=str(tiny_folder), csv=str(messages_csv), out=str(tmp_path / "out"))
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['done', 'done']"
    choices = SqliteStore.open(tmp_path / "out").study().choices
    assert choices["workers"] == 2
    assert choices["threads"] >= 1
