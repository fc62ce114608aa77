"""Workers that are asked for, come, and are let go; without Ray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tunefork.errors import RunnerError
from tunefork.runner.cluster import crew as crews
from tunefork.runner.cluster.crew import STARTS, ClusterCrew
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


def die(crew: Any) -> None:
    """One that is still to come does not."""
    crew._bury(next(each for each in crew._hands if not each.ready))
    crew._employ()


def test_starts_that_fail_do_not_end_a_study_that_is_at_work(hired: list[Any], crew: Any, told: Told) -> None:
    crew._employ()
    crew._meet(hired[0].meet())
    crew._employ()
    for _ in range(STARTS):
        die(crew)
    assert told.of_study == [
        "goes on with the workers that are there: A worker on the cluster has died (no such module) (runner: ray). "
        f"Every machine of the cluster needs tunefork {crews.__version__}: pip install 'tunefork[ray]'."
    ]
    count = len(hired)
    for _ in range(3):
        crew._employ()
    assert len(hired) == count, "no other is asked for"
    crew._ended(hired[0])
    crew._employ()
    assert (hired[0].order.number, len(crew._waiting)) == (1, 1)
    assert sum(not each.ready for each in crew._hands) == 1, "by now others may be of use"
    for _ in range(STARTS):
        die(crew)
    assert len(told.of_study) == 1, "told once"


def test_starts_that_fail_end_a_study_where_nobody_is_at_work(hired: list[Any], crew: Any, told: Told) -> None:
    crew._employ()
    crew._meet(hired[0].meet())
    crew._employ()
    for _ in range(STARTS):
        die(crew)
    count = len(hired)
    crew._waiting[:0] = crew._bury(hired[0])
    crew._employ()
    assert len(hired) > count, "nobody is left"
    for _ in range(STARTS - 1):
        die(crew)
    with pytest.raises(RunnerError, match=r"has died \(no such module\) \(runner: ray\)"):
        die(crew)


def test_a_machine_with_other_versions_is_done_without(hired: list[Any], crew: Any, told: Told) -> None:
    crew._employ()
    crew._meet(hired[0].meet())
    crew._employ()
    for other in hired[1:3]:
        crew._meet(other.meet(torch="0.1"))
        crew._employ()
        assert other.ended
    assert crew._hands == [hired[0]]
    assert len(hired) == 3, "no other is asked for"
    assert len(told.of_study) == 1
    assert "have not the same versions installed (machine-7). Found: torch is 0.1 there and " in told.of_study[0]
    crew._bury(hired[0])
    crew._employ()
    with pytest.raises(RunnerError, match="have not the same versions installed"):
        crew._meet(hired[3].meet(torch="0.1"))
