"""What somebody asks for from another process: that runs stop, or the study."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.digest import digest
from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tests.runner.test_pool import TestLocalRunnerWithWorkers as WithWorkers
from tunefork.config import RunConfig, SaveEvery, TrainingConfig, parse_run
from tunefork.errors import StoppedError
from tunefork.plan import Plan, PlannedRun
from tunefork.runner import Job, LocalRunner
from tunefork.runner.wishes import LOOK, StoreWishes
from tunefork.store import MemoryStore, SqliteStore, StopWish, Store

TEXTS = ("lora:rank=4,dropout=0.1,learning_rate=1e-2", "lora:rank=2,learning_rate=1e-2", "head:learning_rate=1e-2")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wishes are looked for behind every step."""
    monkeypatch.setattr("tunefork.runner.wishes.LOOK", 0.0)


class Doing(Told):
    """Does something behind steps, by their number."""

    def __init__(self, what: dict[int, Callable[[], Any]]) -> None:
        super().__init__()
        self.what = what

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        self.what.get(step, lambda: None)()


def prepared(
    store: Store, groups: list[tuple[int, ...]] | None = None, save_every: int = 2
) -> tuple[list[str], Plan, Job]:
    runs = [planned(text) for text in TEXTS]
    plan, job = RunnerContract().prepare(store, runs, groups or [(0, 1, 2)])
    return [run.config.id for run in runs], plan, replace(job, save_every=SaveEvery(steps=save_every))


def whole(folder: Path) -> Store:
    store = MemoryStore(folder)
    _, plan, job = prepared(store)
    LocalRunner().execute(plan, job, store, Told())
    return store


def same(one: Store, other: Store, run: str) -> None:
    """Everything but times."""
    first, second = one.run(run), other.run(run)
    assert (first.status, first.steps, first.best_step) == (second.status, second.steps, second.best_step)
    for each in ("validation", "test"):
        answers = [digest(store.predictions(run, each).logits.tobytes()) for store in (one, other)]
        assert answers[0] == answers[1]
    assert [(each.step, each.loss) for each in one.steps(run)] == [(each.step, each.loss) for each in other.steps(run)]
    files = [next((store.folder / "runs" / run).glob("*.safetensors")) for store in (one, other)]
    weights = [digest(file.read_bytes()) for file in files]
    assert weights[0] == weights[1]


def wish(store: Store, *runs: str) -> Callable[[], None]:
    return lambda: store.put_wishes([StopWish(run, time.time()) for run in runs])


@pytest.mark.usefixtures("at_once")
def test_a_run_stops_behind_the_step_and_its_neighbours_keep_their_very_bits(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store)
    told = Doing({4: wish(store, runs[1])})
    LocalRunner().execute(plan, job, store, told)
    record = store.run(runs[1])
    assert (record.status, record.on_demand, record.steps) == ("stopped", True, 4)
    assert record.reason == "Stopped on demand at step 4 of 10."
    assert record.seconds > 0
    assert (record.artefact, record.best_step) == ("", None)
    assert [each.step for each in store.steps(runs[1])] == [3]
    assert store.evaluations(runs[1]) == []
    assert list(store.run_folder(runs[1]).iterdir()) == []
    assert told.texts == [f"{record.name}, seed 0 was stopped on demand at step 4 of 10"]
    assert told.finished[f"{record.name}, seed 0"] == ("stopped", record.reason)
    undisturbed = whole(tmp_path / "whole")
    for run in (runs[0], runs[2]):
        same(store, undisturbed, run)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("killed", [4, 5, 8])
def test_it_stays_stopped_whenever_the_process_is_killed(killed: int, tmp_path: Path) -> None:
    """Whether it was recorded, or only wished for; and the others go on from the checkpoint."""

    def kill() -> None:
        raise KeyboardInterrupt

    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store)
    asked = wish(store, runs[1])
    told = Doing({killed: kill, 4: asked} if killed != 4 else {4: lambda: (asked(), kill())})
    with pytest.raises(KeyboardInterrupt):
        LocalRunner().execute(plan, job, store, told)
    assert store.run(runs[1]).status == ("running" if killed == 4 else "stopped")
    again = Told()
    LocalRunner().execute(plan, job, store, again)
    at = 3 if killed == 4 else 4  # behind the first step from the checkpoint at 2
    record = store.run(runs[1])
    assert (record.status, record.reason) == ("stopped", f"Stopped on demand at step {at} of 10.")
    assert again.steps == 10 - (killed - 1) // 2 * 2
    assert any(text.startswith("goes on from step") for text in again.texts)
    undisturbed = whole(tmp_path / "whole")
    for run in (runs[0], runs[2]):
        same(store, undisturbed, run)
    last = Told()
    LocalRunner().execute(plan, job, store, last)
    assert (last.steps, last.done) == (0, set(runs))


@pytest.mark.usefixtures("at_once")
def test_a_pass_of_which_nobody_wants_anything_ends_at_once(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store, [(0, 1), (2,)])
    told = Doing({3: wish(store, *runs[:2])})
    LocalRunner().execute(plan, job, store, told)
    assert [store.run(run).status for run in runs] == ["stopped", "stopped", "done"]
    assert told.steps == 3 + 10
    assert not list((store.folder / "checkpoints").glob("*")), "nothing is left of them"


@pytest.mark.usefixtures("at_once")
def test_a_run_that_has_not_begun_is_never_trained(tmp_path: Path) -> None:
    """It is not even in the pass of its group, also when that is cut off and goes on."""
    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store, [(0, 1), (2,)])
    wish(store, runs[1], runs[2])()
    cut = Doing({5: wish(store, "")})
    with pytest.raises(StoppedError):
        LocalRunner().execute(plan, job, store, cut)
    assert (store.run(runs[1]).status, store.run(runs[1]).steps) == ("stopped", 0)
    assert store.run(runs[1]).reason == "Stopped on demand before its first step."
    (kept,) = (store.folder / "checkpoints").glob("*/*5/group.json")
    assert json.loads(kept.read_text(encoding="utf-8"))["runs"] == [runs[0]]
    store.forget_wishes(before=time.time() + 1)
    told = Told()
    LocalRunner().execute(plan, job, store, told)
    assert [store.run(run).status for run in runs] == ["done", "stopped", "stopped"]
    assert told.texts[0] == "goes on from step 5 of 10; no step was lost"
    assert told.steps == 5
    assert store.steps(runs[1]) == store.steps(runs[2]) == []
    assert store.run(runs[2]).reason == "Stopped on demand before its first step."


@pytest.mark.usefixtures("at_once")
def test_the_study_stops_as_by_a_signal_and_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store, save_every=100)
    told = Doing({3: wish(store, "")})
    with pytest.raises(StoppedError) as caught:
        LocalRunner().execute(plan, job, store, told)
    assert caught.value.exit_status == 128 + signal.SIGTERM
    assert told.texts == ["the study is to stop, on demand: stopping behind this step"]
    assert {store.run(run).status for run in runs} == {"running"}
    with pytest.raises(StoppedError):  # it is for whoever conducts the study to forget it
        LocalRunner().execute(plan, job, store, Told())
    store.forget_wishes(before=time.time() + 1)
    LocalRunner().execute(plan, job, store, told := Told())
    assert told.texts == ["goes on from step 3 of 10; no step was lost"]
    undisturbed = whole(tmp_path / "whole")
    for run in runs:
        same(store, undisturbed, run)


@pytest.mark.usefixtures("at_once")
def test_where_memory_runs_out_later_a_stopped_run_stays_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group is split and begins anew."""
    store = MemoryStore(tmp_path / "study")
    runs, plan, job = prepared(store)

    def short() -> None:
        if not left:
            return
        left.clear()
        raise MemoryError

    left = [1]
    LocalRunner().execute(plan, job, store, told := Doing({2: wish(store, runs[0]), 6: short}))
    assert [store.run(run).status for run in runs] == ["stopped", "done", "done"]
    assert store.run(runs[0]).reason == "Stopped on demand at step 2 of 10."
    assert len([text for text in told.texts if "on demand" in text]) == 1


def test_the_store_is_read_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, reads = [100.0], [0]
    monkeypatch.setattr("tunefork.runner.wishes.time.monotonic", lambda: now[0])
    store = MemoryStore(tmp_path)
    runs, _, _ = prepared(store)
    read = store.wishes
    monkeypatch.setattr(store, "wishes", lambda: (reads.append(1), read())[1])
    wishes = StoreWishes(store, Told(), 0)
    assert wishes.begin(runs) == frozenset()
    wish(store, runs[0], "")()
    for _ in range(10):
        now[0] += LOOK / 11
        assert wishes.unread(5, 10, {runs[0]: 1.0}) == frozenset()
        assert wishes.stop() is None
    assert sum(reads) == 1
    now[0] += LOOK
    assert wishes.unread(6, 10, {runs[0]: 1.0}) == {runs[0]}
    assert wishes.stop() == signal.SIGTERM
    assert sum(reads) == 2
    assert store.run(runs[0]).steps == 6


def endless(text: str) -> PlannedRun:
    run = planned(text)
    training = TrainingConfig(steps=1_000_000, batch_size=8, log_every=3, eval_every=1_000_000, precision="fp32")
    return replace(run, config=RunConfig(strategy=parse_run(text).strategies[0], training=training), steps=1_000_000)


@pytest.mark.slow
def test_runs_in_workers_stop_and_so_does_the_study(tmp_path: Path) -> None:
    contract, store = WithWorkers(), SqliteStore(tmp_path / "study")
    runs = [endless(RUNS[0]), endless(RUNS[1]), planned(RUNS[2])]
    plan, job = contract.prepare(store, runs)
    first, second, third = (run.config.id for run in runs)

    class Asking(Told):
        """The first run stops, the third takes its worker and ends; then the study stops."""

        def step(self, group: int, step: int, loss: float | None) -> None:
            super().step(group, step, loss)
            if group == 0 and step == 3:
                store.put_wishes([StopWish(first, time.time())])

        def finish(self, group: int, name: str, status: str, metrics: Any, reason: str) -> None:
            super().finish(group, name, status, metrics, reason)
            if group == 2:
                store.put_wishes([StopWish("", time.time())])

    told = Asking()
    with pytest.raises(StoppedError) as caught:
        LocalRunner().execute(plan, job, store, told)
    assert caught.value.exit_status == 128 + signal.SIGTERM
    assert [store.run(run).status for run in (first, second, third)] == ["stopped", "running", "done"]
    assert store.run(first).steps >= 3
    assert list((store.folder / "checkpoints").glob("*/*"))
