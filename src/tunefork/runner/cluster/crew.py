"""The runner's side of a cluster: what workers say is put into the study's store and folder, in their order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefork._version import __version__
from tunefork.errors import RunnerError
from tunefork.plan import Plan
from tunefork.runner.cluster.arrivals import DESK, Arrivals
from tunefork.runner.cluster.cluster import Cluster
from tunefork.runner.cluster.folders import belonging, frozen
from tunefork.runner.cluster.hand import ClusterHand
from tunefork.runner.cluster.messages import Files, Given, Known
from tunefork.runner.cluster.parcel import Sent
from tunefork.runner.cluster.versions import differences, versions
from tunefork.runner.crew import Crew
from tunefork.runner.group import Order
from tunefork.runner.memory_shortage import CHOICE
from tunefork.runner.messages import Event
from tunefork.runner.protocol import STUDY, Watcher
from tunefork.runner.wishes import LOOK
from tunefork.store import StopWish, Store
from tunefork.store.atomic import write_text

TOKEN = f"{DESK}/token"
COMING = 16
"""Workers that are waited for at a time: an autoscaler sees what is wanted, and others get their turn."""
STARTS = 3
"""Workers that may die one after another, before they take an order, until no others are asked for."""
PATIENCE = 30.0
"""Seconds without any worker after which it is said what is waited for."""
MACHINES = 10
"""Machines that may die over one group before it counts as the group's fault."""


class ClusterCrew(Crew[ClusterHand]):
    """Workers on a cluster; a context. Behind it, those that are in order stay for the next plan.

    Args:
        cluster: where they work.
        plan: knows the threads of each and how many train at a time.
        sent: the job.
        store: the study's.
        watcher: is told what they do.
        most: workers at most; as many as the cluster has room for, unless given.
        gpus: of each, also a part of one.
        idle: workers of an earlier plan, of whom those that fit are taken; those that stay are put in.
    """

    fix = "If memory ran out, use a smaller batch_size, or let a worker have more: fewer workers on a machine."

    def __init__(
        self, cluster: Cluster, plan: Plan, sent: Sent, store: Store, watcher: Watcher,
        most: int | None, gpus: float, idle: list[ClusterHand],
    ) -> None:  # fmt: skip
        super().__init__(most or len(plan.groups), store, watcher)
        self._cluster, self._plan, self._sent, self._gpus, self._idle = cluster, plan, sent, gpus, idle
        self._folder = store.folder.resolve()
        self._arrivals: dict[ClusterHand, Arrivals] = {}
        self._versions = versions()
        self._wishes: list[StopWish] = []
        self._looked, self._began, self._told = 0.0, time.monotonic(), False
        self._stranded: dict[int, int] = {}
        """Machines that have died, by the number of the group that a worker there was busy with."""
        self._lost = 0
        """Workers that died before they took an order, one after another."""
        self._closed = False
        """Whether no others are asked for: those that come are of no use, and some that are of use are here."""
        self._complaints: set[str] = set()
        """What was told of those that are of no use."""
        shutil.rmtree(self._folder / DESK, ignore_errors=True)  # of a runner that was killed
        self._token = f"{TOKEN}-{sent.name}"
        write_text(self._folder / self._token, "")

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._idle += [hand for hand in self._hands if hand.ready and hand.order is None]
        self._hands = [hand for hand in self._hands if hand not in self._idle]
        for hand in self._idle:
            hand.prepare = None  # it knows this crew, which holds the job in Ray's object store
        try:
            super().__exit__(kind, error, trace)
        finally:
            shutil.rmtree(self._folder / DESK, ignore_errors=True)

    def _hire(self) -> ClusterHand:
        while self._idle:
            hand = self._idle.pop()
            hand.events = self._events  # before it is asked: from here on its last word comes to this crew
            if (hand.threads, hand.gpus) == (self._plan.threads, self._gpus) and hand.alive:
                break
            hand.end()
        else:
            hand = ClusterHand(self._cluster, self._plan.threads, self._gpus, self._events)
        hand.prepare = self._given
        self._arrivals[hand] = Arrivals(self._store, hand.name)
        return hand

    def _employ(self) -> None:
        super()._employ()
        if not self._waiting:  # who still comes would take room, or keep an autoscaler at it, for nothing
            for hand in [each for each in self._hands if not each.ready]:
                self._let_go(hand)

    def _let_go(self, hand: ClusterHand) -> None:
        """End one that has no order; it says nothing more."""
        self._hands.remove(hand)
        self._arrivals.pop(hand)
        hand.end()

    def _room(self, coming: int) -> bool:
        closed = self._closed and any(each.ready for each in self._hands)
        return not closed and coming < COMING and super()._room(coming)

    def _look(self) -> None:
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        wishes = self._store.wishes()
        if wishes != self._wishes:
            self._wishes = wishes
            for hand in self._hands:
                hand.wish(wishes)
        if not self._told and not any(each.ready for each in self._hands) and self._nowhere():
            self._told = True
            gpus = f" and {self._gpus:g} GPU" if self._gpus else ""
            wanted = f"{max(1, self._plan.threads)} CPU{gpus}"
            self._watcher.tell(STUDY, f"waiting for the cluster: no machine has room for a group ({wanted}) yet")

    def _nowhere(self) -> bool:
        """Whether no machine could take a group, or none has for a while."""
        late = time.monotonic() - self._began > PATIENCE
        return late or not self._cluster.fits(max(1, self._plan.threads), self._gpus)

    def _take(self, hand: ClusterHand, event: Event) -> None:
        if event.name == "met":
            self._meet(hand)
        elif event.name == "at":
            hand.desk = Path(event.arguments[0]) if event.arguments[0] else None
        elif event.name == "wants":
            hand.deliver(self._files(event.arguments[0]))
        elif not self._arrivals[hand].take(event):
            super()._take(hand, event)

    def _ended(self, hand: ClusterHand) -> None:
        super()._ended(hand)
        self._closed = False  # by now others may be of use
        _clear(hand)

    def _bury(self, hand: ClusterHand) -> list[Order]:
        _clear(hand)
        self._arrivals.pop(hand).clear()
        if not hand.ready and not hand.stranded:
            self._lost += 1
            if self._lost >= STARTS:
                self._lost = 0
                self._do_without(RunnerError(
                    hand.end(), where="runner: ray",
                    fix=f"Every machine of the cluster needs tunefork {__version__}: pip install 'tunefork[ray]'.",
                ))  # fmt: skip
        return super()._bury(hand)

    def _blameless(self, hand: ClusterHand) -> bool:
        """A machine that goes, as those of autoscalers do, says nothing of the group; ten of them may."""
        if not hand.stranded or hand.order is None:
            return super()._blameless(hand)
        self._stranded[hand.order.number] = self._stranded.get(hand.order.number, 0) + 1
        return self._stranded[hand.order.number] <= MACHINES

    def _meet(self, hand: ClusterHand) -> None:
        """A worker is there; one with other libraries would give other numbers."""
        assert hand.met is not None
        found = differences(self._versions, hand.met.versions)
        if found:
            self._do_without(RunnerError(
                "The machines of the cluster have not the same versions installed", where=hand.met.host,
                found="; ".join(found), fix="Install the same everywhere, or run the study on the cluster's machines.",
            ))  # fmt: skip
            self._let_go(hand)
            return
        hand.ready, self._lost = True, 0

    def _do_without(self, error: RunnerError) -> None:
        """Go on with the workers that are there, and ask for others when one of them has come to an end.

        Raises:
            RunnerError: none is there.
        """
        if not any(each.ready for each in self._hands):
            raise error
        self._closed = True
        if error.where not in self._complaints:
            self._complaints.add(error.where)
            self._watcher.tell(STUDY, f"goes on with the workers that are there: {error}")

    def _given(self, order: Order) -> tuple[Given, list[Any]]:
        """What a worker is told of an order."""
        ids = [run.config.id for run in order.planned]
        given = Given(
            order, self._known(ids), self._sent.name, self._plan.workers, self._folder, self._token,
            tuple(belonging(self._folder, ids)), tuple(frozen(self._folder)),
        )  # fmt: skip
        return given, [self._sent.reference]

    def _known(self, ids: Sequence[str]) -> Known:
        store = self._store
        return Known(
            runs=tuple(store.run(run) for run in ids),
            steps=tuple(step for run in ids for step in store.steps(run)),
            evaluations=tuple(
                (each, store.predictions(run, each.split, each.step)) for run in ids for each in store.evaluations(run)
            ),
            chosen={CHOICE: store.chosen(CHOICE)},
            wishes=tuple(store.wishes()),
        )

    def _files(self, units: Sequence[str]) -> Files:
        """Units by value, for a worker that does not see this storage."""
        return {
            unit: {
                path.relative_to(self._folder / unit).as_posix(): path.read_bytes()
                for path in (self._folder / unit).rglob("*")
                if path.is_file()
            }
            for unit in units
        }


def _clear(hand: ClusterHand) -> None:
    """Remove a worker's folder on the study's storage, when all that was in it has been taken."""
    if hand.desk is not None:
        shutil.rmtree(hand.desk, ignore_errors=True)
        hand.desk = None
