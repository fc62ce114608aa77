"""Who is to blame for a death, and what nobody may wait for; without Ray."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.runner.contract import RUNS, RunnerContract, planned
from tunefork.runner import Silence
from tunefork.runner.cluster.crew import MACHINES, ClusterCrew
from tunefork.runner.cluster.hand import ClusterHand
from tunefork.runner.crew import RETRIES, SILENT, Crew
from tunefork.runner.group import Order
from tunefork.runner.messages import Event
from tunefork.store import MemoryStore


class Gone(Exception):
    """Stands for Ray's own error."""


def hand(stranded: bool = False) -> ClusterHand:
    found = object.__new__(ClusterHand)
    found.killed = []  # type: ignore[attr-defined]
    found._ray = SimpleNamespace(exceptions=SimpleNamespace(RayActorError=Gone), kill=found.killed.append)  # type: ignore[attr-defined]
    found._actor, found._fault, found.stranded, found.order = "actor", "", stranded, Order(3, (), "fp32")
    return found


def test_machines_that_go_are_not_the_group_s_fault_until_there_are_ten() -> None:
    crew = object.__new__(ClusterCrew)
    one = hand()
    crew._stranded, crew._silent, crew._heard = {}, {}, {one}
    assert not crew._blameless(one)
    assert [crew._blameless(hand(stranded=True)) for _ in range(MACHINES + 1)] == [True] * MACHINES + [False]


class Unavailable(Gone):
    """Stands for Ray's error where it does not know yet."""


class ObjectLost(Exception):
    """Stands for Ray's error where an answer went with its machine."""


@pytest.mark.parametrize(
    ("error", "stranded", "how"),
    [
        (ObjectLost("created with max_retries=0"), True, "its machine is gone, with what it was telling"),
        (Unavailable("try again"), True, "try again"),
        (Gone("its node has died"), True, "its node has died"),
        (Gone("its process has died"), False, "its process has died"),
    ],
)
def test_a_machine_that_goes_is_known_by_what_ray_says(error: Exception, stranded: bool, how: str) -> None:
    def ask(name: str) -> Any:
        raise error

    one: Any = hand()
    known = SimpleNamespace(ActorUnavailableError=Unavailable, ObjectLostError=ObjectLost, RayError=(Gone, ObjectLost))
    one._ray, one._ask, one.events = SimpleNamespace(exceptions=known), ask, queue.Queue()
    one._listen()
    assert (one.stranded, one._how) == (stranded, f"A worker on the cluster has died ({how})")
    assert one.events.get_nowait() == (one, None)


@pytest.mark.parametrize(
    ("error", "killed"),
    [(None, []), (Gone("the call that listens tells it"), []), (TypeError("x"), ["actor"])],
)
def test_a_call_that_fails_ends_its_worker(error: Exception | None, killed: list[str]) -> None:
    answer: Future[Any] = Future()
    if error is None:
        answer.set_result(None)
    else:
        answer.set_exception(error)
    one: Any = hand()
    one._answered(answer)
    assert one.killed == killed
    assert one._fault == ("x" if killed else "")


class Small:
    """A worker that cannot be ended, or can."""

    ready = True

    def __init__(self, stuck: bool = False, order: Order | None = None) -> None:
        self.stuck, self.ended, self.order = stuck, False, order

    def give(self, order: Order) -> None: ...

    def stop(self, number: int) -> None: ...

    def end(self) -> str:
        self.ended = True
        if self.stuck:
            raise OSError("stuck")
        return "ended"


def test_one_worker_that_cannot_be_ended_does_not_keep_the_others(tmp_path: Path) -> None:
    crew: Crew[Small] = Crew(3, MemoryStore(tmp_path), Silence())
    crew._events = queue.Queue[tuple[Small, Event | None]]()
    crew._hands = [Small(stuck) for stuck in (False, True, False)]
    with pytest.raises(OSError, match="stuck"), crew:
        pass
    assert all(each.ended for each in crew._hands)


def test_a_worker_that_was_dead_when_it_got_a_group_is_not_the_group_s_fault(tmp_path: Path) -> None:
    """Two die at once, one of them idle: it gets the other's group before anybody knows."""
    store = MemoryStore(tmp_path)
    plan, _ = RunnerContract().prepare(store, [planned(RUNS[1])])
    order = Order(0, plan.runs, "fp32")
    crew: Crew[Small] = Crew(1, store, Silence())

    def dies(heard: bool) -> list[Order]:
        one = Small(order=order)
        crew._hands = [one]
        crew._heard = {one} if heard else set()
        return crew._bury(one)

    assert dies(heard=True) == [order]
    assert [dies(heard=False) for _ in range(SILENT)] == [[order]] * SILENT
    assert store.run(plan.runs[0].config.id).status == "planned"
    assert dies(heard=False) == [], "one cannot even begin it"
    assert store.run(plan.runs[0].config.id).status == "failed"


@pytest.mark.parametrize(("steps", "status"), [(4, "failed"), (10, "paused")])
def test_a_run_that_was_laid_aside_fails_with_its_group(steps: int, status: str, tmp_path: Path) -> None:
    """Unless the plan asks nothing more of it."""
    store = MemoryStore(tmp_path)
    plan, _ = RunnerContract().prepare(store, [planned(RUNS[1])])
    run = plan.runs[0]
    assert run.last == 10
    store.put_run(replace(store.run(run.config.id), status="paused", steps=steps))
    crew: Crew[Small] = Crew(1, store, Silence())
    for _ in range(RETRIES + 1):
        one = Small(order=Order(0, plan.runs, "fp32"))
        crew._hands, crew._heard = [one], {one}
        left = crew._bury(one)
    assert left == []
    assert store.run(run.config.id).status == status


def test_what_a_worker_says_is_of_the_group_that_it_has(tmp_path: Path) -> None:
    class Brief(Small):
        def give(self, order: Order) -> None:
            self.order = order
            said.append(self in crew._heard)
            for event in (Event("tell", (0, "x")), Event("done")):
                crew._events.put((self, event))

    crew: Crew[Small] = Crew(1, MemoryStore(tmp_path), Silence())
    said: list[bool] = []
    crew._hands = [Brief()]
    crew.execute([Order(number, (), "fp32") for number in range(2)])
    assert said == [False, False]
    assert crew._heard == set(crew._hands)
