"""Workers that are asked for, come, and are let go; without Ray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tunefork.runner.cluster import crew as crews
from tunefork.runner.cluster.crew import ClusterCrew
from tunefork.runner.cluster.messages import Met
from tunefork.runner.cluster.parcel import Sent
from tunefork.runner.cluster.versions import versions
from tunefork.runner.group import Order
from tunefork.store import MemoryStore


class Coming:
    """A worker that has been asked for."""

    def __init__(self, cluster: Any, threads: int, gpus: float, events: Any) -> None:
        self.threads, self.gpus, self.events = threads, gpus, events
        self.name = str(id(self))
        self.order: Order | None = None
        self.ready, self.alive, self.ended, self.stranded = False, True, False, False
        self.desk: Path | None = None
        self.met: Met | None = None
        self.prepare: Any = None

    def meet(self, **other: str) -> Coming:
        self.met = Met(1, "machine-7", {**versions(), **other})
        return self

    def give(self, order: Order) -> None:
        self.order = order

    def end(self) -> str:
        self.ended = True
        return "A worker on the cluster has died (no such module)"


@pytest.fixture
def hired(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that were asked for, in their order."""
    found: list[Any] = []

    def ask(*arguments: Any) -> Coming:
        found.append(Coming(*arguments))
        return found[-1]

    monkeypatch.setattr(crews, "ClusterHand", ask)
    return found


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def crew(hired: list[Any], told: Told, tmp_path: Path) -> Iterator[Any]:
    """For three groups, none of which has begun."""
    store = MemoryStore(tmp_path)
    contract = RunnerContract()
    contract.threads = 1
    runs = [planned(text) for text in RUNS[:3]]
    plan, _ = contract.prepare(store, runs, groups=[(0,), (1,), (2,)])
    cluster: Any = SimpleNamespace(fits=lambda threads, gpus: True)
    found: Any = ClusterCrew(cluster, plan, Sent(object(), "job"), store, told, None, 0.0, [])
    found._waiting = [Order(number, (plan.runs[number],), "fp32") for number in range(3)]
    with found:
        yield found


def test_a_worker_that_stays_keeps_nothing_of_the_plan_it_came_from(hired: list[Any], crew: Any) -> None:
    crew._employ()
    crew._meet(hired[0].meet())
    assert hired[0].prepare == crew._given
    crew.__exit__(None, None, None)
    assert crew._idle == [hired[0]]
    assert [each.ended for each in hired] == [False, True, True]
    assert hired[0].prepare is None


def test_who_is_asked_for_is_let_go_when_no_group_waits(hired: list[Any], crew: Any) -> None:
    crew._employ()
    assert len(hired) == 3
    crew._meet(hired[0].meet())
    for _ in range(2):
        crew._employ()
        assert [each.ended for each in hired] == [False] * 3, "groups wait"
        crew._ended(hired[0])
    crew._employ()
    assert hired[0].order.number == 2
    assert [each.ended for each in hired] == [False, True, True]
    assert crew._hands == [hired[0]]
    crew._waiting[:0] = crew._bury(hired[0])
    crew._employ()
    assert len(hired) == 4, "for the group whose worker died"
    assert crew._hands == [hired[3]]
