"""A worker's stream, cut off anywhere: what has arrived by then is enough to go on, to the very bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tests.runner.test_wishes import same
from tunefork.config import SaveEvery
from tunefork.engine import PrefixCache, compute_threads
from tunefork.errors import DiskFullError
from tunefork.plan import Plan
from tunefork.runner import Job, LocalRunner
from tunefork.runner.cluster.arrivals import Arrivals
from tunefork.runner.cluster.folders import resumable
from tunefork.runner.cluster.messages import Known, Piece
from tunefork.runner.cluster.outgoing import Outgoing
from tunefork.runner.cluster.relay import Relay, RelayedStore
from tunefork.runner.group import Order, execute_group
from tunefork.runner.messages import Event
from tunefork.store import EvaluationRecord, MemoryStore, Predictions, StepRecord, Store


def prepared(store: Store) -> tuple[Plan, Job]:
    contract = RunnerContract()
    contract.threads = 1
    runs = [planned("lora:rank=4,dropout=0.1,learning_rate=1e-2"), planned(RUNS[3])]
    plan, job = contract.prepare(store, runs, groups=[(0, 1)])
    return plan, replace(job, save_every=SaveEvery(steps=2))


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Everything that a worker says of a group of two."""
    folder, told = tmp_path_factory.mktemp("worker"), []

    def send(event: Event) -> None:
        read = tuple(each.read() if isinstance(each, Piece) else each for each in event.arguments)
        told.append(Event(event.name, read))

    plan, job = prepared(before := MemoryStore(folder))
    outgoing = Outgoing(folder, False, (), send)
    known = Known(tuple(before.runs()), (), (), {}, ())
    store = RelayedStore(folder, Path("/home/study"), known, outgoing, send)
    with compute_threads(1):
        execute_group(Order(0, plan.runs, "fp32"), job, store, Relay(store, outgoing, send), PrefixCache())
    outgoing.changed()
    return told


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = MemoryStore(tmp_path_factory.mktemp("whole"))
    LocalRunner().execute(*prepared(store), store, Told())
    return store


@pytest.mark.parametrize("part", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_a_stream_that_is_cut_off_can_be_gone_on_from(
    part: float, stream: list[Event], whole: Store, tmp_path: Path
) -> None:
    store = MemoryStore(tmp_path)
    plan, job = prepared(store)
    arrivals = Arrivals(store, "w")
    for event in stream[: int(part * len(stream))]:
        arrivals.take(event)
    newest = max((int(unit[-9:]) for unit in resumable(tmp_path)), default=0)
    ended = all(run.settled for run in store.runs())
    told = Told()
    LocalRunner().execute(plan, job, store, told)
    for run in plan.runs:
        same(store, whole, run.config.id)
    assert told.steps == (0 if ended else 10 - newest), "no more is made again than the checkpoint wants"
    assert newest or part < 0.4 or part == 1
    assert ended >= (part == 1)


def test_records_come_before_the_checkpoint_that_stands_on_them(stream: list[Event]) -> None:
    seen = 0
    for event in stream:
        if event.name == "add_evaluation":
            seen = max(seen, event.arguments[0].step)
        elif event.name == "open" and event.arguments[0].startswith("checkpoints"):
            step = int(event.arguments[0][-9:])
            assert seen == step // 5 * 5, "an evaluation every five steps"


def test_a_run_s_record_comes_behind_its_folder(stream: list[Event]) -> None:
    coming: set[str] = set()
    there: dict[str, set[str]] = {}
    for event in stream:
        if event.name == "open":
            coming = set()
        elif event.name == "piece":
            coming.add(event.arguments[1])
        elif event.name == "whole":
            there[event.arguments[0]] = coming
        elif event.name == "put_runs":
            for run in event.arguments[0]:
                assert run.status != "done" or "manifest.json" in there[f"runs/{run.id}"]


def test_decisions_of_two_groups_stand_side_by_side(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    arrivals = Arrivals(store, "w")
    assert arrivals.take(Event("merge", ("memory", {"one": {"split": True}})))
    assert arrivals.take(Event("merge", ("memory", {"other": {"most": 2}})))
    assert store.chosen("memory") == {"one": {"split": True}, "other": {"most": 2}}
    assert not arrivals.take(Event("tell", (0, "of no record")))


def test_no_room_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(tmp_path)

    def full(_: StepRecord) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "add_step", full)
    with pytest.raises(DiskFullError):
        Arrivals(store, "w").take(Event("add_step", (StepRecord("a", 1, 0.1, 0.5, 1e-3, 0.1),)))


def test_a_path_of_a_worker_is_told_as_the_study_s(tmp_path: Path) -> None:
    told: list[Event] = []
    store = RelayedStore(tmp_path, Path("/home/study"), Known((), (), (), {}, ()), None, told.append)  # type: ignore[arg-type]
    Relay(store, None, told.append).tell(3, f"damaged, now {tmp_path}/checkpoints")  # type: ignore[arg-type]
    assert told == [Event("tell", (3, "damaged, now /home/study/checkpoints"))]


def test_what_is_known_is_answered_and_not_sent_again(tmp_path: Path) -> None:
    told: list[Event] = []
    before = MemoryStore(tmp_path)
    prepared(before)
    run = before.runs()[0]
    answers = Predictions(("x",), np.array([1]), np.ones((1, 3), np.float32))
    evaluation = EvaluationRecord(run.id, 5, 1.0, "validation", 0.5, 1.0, 1.0, None)
    step = StepRecord(run.id, 3, 0.1, 0.5, 1e-3, 0.1)
    known = Known((run,), (step,), ((evaluation, answers),), {"memory": {"a": 1}}, ())
    store = RelayedStore(tmp_path, tmp_path, known, None, told.append)  # type: ignore[arg-type]
    assert (store.run(run.id), store.steps(run.id), store.evaluations(run.id)) == (run, [step], [evaluation])
    assert store.predictions(run.id, "validation").ids == ("x",)
    assert store.chosen("memory") == {"a": 1}
    assert told == []
