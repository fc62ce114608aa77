"""One group over several processes: the same contract, and what only several processes can do."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.digest import digest
from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tests.runner.test_wishes import same
from tunefork.config import SaveEvery
from tunefork.errors import ConfigError
from tunefork.plan import Plan
from tunefork.runner import DataParallelRunner, Job, LocalRunner, Places, Runner
from tunefork.store import MemoryStore, SqliteStore, Store

DROPOUT = "lora:rank=4,dropout=0.1,learning_rate=1e-2"


@pytest.fixture(scope="module")
def two() -> Iterator[DataParallelRunner]:
    """Two processes, which stay from test to test."""
    with DataParallelRunner(2, threads=1) as runner:
        yield runner
    assert not team(), "nobody is left behind"


def team() -> list[psutil.Process]:
    """The processes, the leader last."""
    return [
        each for each in psutil.Process().children() if "tunefork.runner.parallel.worker" in " ".join(each.cmdline())
    ]


class TestDataParallelRunner(RunnerContract):
    threads = 1

    @pytest.fixture(autouse=True)
    def _in_two(self, two: DataParallelRunner) -> None:
        self.runner = two

    def make_runner(self) -> Runner:
        return self.runner

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder)


def prepared(store: Store) -> tuple[list[str], Plan, Job]:
    """A group of two with dropout, and a full fine-tuning; kept after every other step."""
    contract = RunnerContract()
    contract.threads = 1
    runs = [planned(text) for text in (DROPOUT, RUNS[3], RUNS[0])]
    plan, job = contract.prepare(store, runs, groups=[(0, 1), (2,)])
    return [run.config.id for run in runs], plan, replace(job, save_every=SaveEvery(steps=2))


@pytest.fixture(scope="module")
def whole(two: DataParallelRunner, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What two processes give that nobody disturbs."""
    store = SqliteStore(tmp_path_factory.mktemp("whole"))
    _, plan, job = prepared(store)
    two.execute(plan, job, store, Told())
    return store


def weights(store: Store, run: str) -> dict[str, str]:
    return {path.name: digest(path.read_bytes()) for path in store.run_folder(run).glob("*.safetensors")}


def test_it_gives_what_one_process_gives(whole: Store, tmp_path: Path) -> None:
    alone = MemoryStore(tmp_path)
    runs, plan, job = prepared(alone)
    LocalRunner().execute(plan, job, alone, Told())
    for run in runs:
        assert whole.run(run).status == "done"
        assert whole.run(run).best_step == alone.run(run).best_step
        ours, theirs = ([step.loss for step in store.steps(run)] for store in (whole, alone))
        assert ours == pytest.approx(theirs, rel=1e-5)
        first, second = (store.predictions(run, "test").logits for store in (whole, alone))
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


class Killing(Told):
    """Kills the leader or a follower at a step of the first group, once."""

    def __init__(self, victim: int, at: int = 5) -> None:
        super().__init__()
        self.victim, self.at = victim, at
        self.killed = False

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        if step >= self.at and not self.killed:
            self.killed = True
            os.kill(team()[self.victim].pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("victim", [0, -1], ids=["follower", "leader"])
def test_a_process_that_dies_costs_nothing(victim: int, two: DataParallelRunner, whole: Store, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    runs, plan, job = prepared(store)
    told = Killing(victim)
    two.execute(plan, job, store, told)
    assert told.killed
    assert any(text.startswith("goes on from step") for text in told.texts)
    for run in runs:
        same(store, whole, run)
        assert weights(store, run) == weights(whole, run)


class Raising(Told):
    """Kills a follower again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.pids: set[int] = set()

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        for each in team()[:-1]:
            if group == 0 and each.pid not in self.pids:
                self.pids.add(each.pid)
                os.kill(each.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_group_over_which_processes_die_again_and_again_fails_alone(two: DataParallelRunner, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    runs, plan, job = prepared(store)
    two.execute(plan, job, store, Raising())
    assert sorted(store.run(run).status for run in runs) == ["done", "failed", "failed"]
    reason = store.run(runs[0]).reason
    assert reason.startswith("Process 2 of 2 ended with signal 9. ")
    assert reason.endswith("use a smaller batch_size, or more processes: --runner data-parallel:N.")


def test_a_failure_of_a_follower_is_told_with_its_reason(two: DataParallelRunner, tmp_path: Path) -> None:
    """Only its part of the batch is spoilt: a token that the model does not have."""
    store = SqliteStore(tmp_path)
    runs, plan, job = prepared(store)
    train = job.rows.train
    at = int(np.argmin(train.lengths))
    tokens = list(train.tokens)
    tokens[at] = np.full_like(tokens[at], 10_000)
    spoilt = replace(job, rows=replace(job.rows, train=replace(train, tokens=tokens)))
    two.execute(plan, spoilt, store, Told())
    for run in runs:
        assert store.run(run).status == "failed"
        assert re.search("index out of range|is out of bounds", store.run(run).reason)
    assert store.run(runs[0]).reason == "Process 2 of 2 failed. Found: IndexError: index out of range in self."
    two.execute(plan, job, store, Told())
    assert {store.run(run).status for run in runs} == {"done"}, "the same processes train on"


def test_what_cannot_be_is_refused(two: DataParallelRunner, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="A group is divided among two processes or more"):
        DataParallelRunner(1)
    with pytest.raises(ConfigError, match=r"Found: processes 2, threads 0|at least|two processes"):
        DataParallelRunner(2, threads=-1)
    store = MemoryStore(tmp_path)
    _, plan, job = prepared(store)
    with pytest.raises(ConfigError, match=r"Other processes cannot open this store .* Found: MemoryStore"):
        two.execute(plan, job, store, Told())
    assert two.places() == Places(1, 1, 2)


def test_who_dies_before_all_have_met_is_not_waited_for(tmp_path: Path) -> None:
    """A follower that is killed while it imports torch."""
    store = SqliteStore(tmp_path)
    runs, plan, job = prepared(store)

    killed: list[int] = []

    def strike() -> None:
        while not killed:
            followers = [each for each in team() if "RANK" in each.environ() and each.environ()["RANK"] == "1"]
            if followers:
                killed.append(followers[0].pid)
                followers[0].kill()
            time.sleep(0.05)

    thread = threading.Thread(target=strike, daemon=True)
    with DataParallelRunner(2, threads=1) as runner:
        thread.start()
        began = time.monotonic()
        runner.execute(plan, job, store, Told())
    thread.join()
    assert killed
    assert time.monotonic() - began < 120, "it was not waited for until the others' patience ended"
    assert {store.run(run).status for run in runs} == {"done"}
