"""Workers that train groups, wherever they are: groups go out, events come back, what dies is taken up by another."""

from __future__ import annotations

import queue
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from tunefork.engine import wanted
from tunefork.errors import DiskFullError, RunnerError, StoppedError, TuneforkError
from tunefork.runner.group import Order, fail_runs, tell_ends
from tunefork.runner.messages import Event
from tunefork.runner.orders import is_done
from tunefork.runner.protocol import Watcher
from tunefork.store import Store

RETRIES = 1
"""Workers that may die over one group before its runs are given up."""
SILENT = 3
"""Workers that may die before they say a word of a group: perhaps they were dead when they got it."""
LOOK = 0.2
"""Seconds after which it is looked whether somebody asked for a stop."""


class Hand(Protocol):
    """One worker, as its crew knows it. What it says comes as events; None is its last."""

    order: Order | None
    """What it is busy with."""
    ready: bool
    """Whether it takes orders."""

    def give(self, order: Order) -> None:
        """Let it train a group."""

    def stop(self, number: int) -> None:
        """Ask it to keep where it is and to end its order."""

    def end(self) -> str:
        """End it; returns how it ended, as a sentence without its full stop."""


H = TypeVar("H", bound=Hand)


class Crew(Generic[H]):
    """At most so many workers; a context, which ends them.

    Args:
        count: workers at most.
        store: the study's.
        watcher: is told what they do.
    """

    fix = ""
    """What to do where workers die."""

    def __init__(self, count: int, store: Store, watcher: Watcher) -> None:
        self._count, self._store, self._watcher = count, store, watcher
        self._events: queue.Queue[tuple[H, Event | None]] = queue.Queue()
        self._hands: list[H] = []
        self._waiting: list[Order] = []
        self._deaths: dict[int, int] = {}
        """Of workers, by the number of the group that they were busy with."""
        self._heard: set[H] = set()
        """Workers that have said something of the group that they are busy with."""
        self._silent: dict[int, int] = {}
        """Of those that had not, by the number of the group."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ending:  # one that cannot be ended does not keep the others
            for hand in self._hands:
                ending.callback(hand.end)

    def execute(self, orders: Sequence[Order]) -> None:
        """Give out the orders, first come first served, until all are done or have failed."""
        self._waiting = list(orders)
        halted: TuneforkError | None = None
        self._employ()
        while any(hand.order for hand in self._hands) or (self._waiting and halted is None):
            asked = wanted()
            if asked is not None and halted is None:
                halted = self._stop(StoppedError(asked))
                continue
            self._look()
            try:
                hand, event = self._events.get(timeout=LOOK)
            except queue.Empty:
                continue
            if hand not in self._hands:  # its last words, when it was ended
                continue
            if event is not None:
                self._heard.add(hand)
            if event is None:
                self._waiting[:0] = self._bury(hand)
            elif event.name == "halted":
                self._ended(hand)
                halted = halted or self._stop(_error(*event.arguments))
            elif event.name == "done":
                self._ended(hand)
            else:
                self._take(hand, event)
            if halted is None:
                self._employ()
        if halted is not None:
            raise halted

    def _hire(self) -> H:
        """A new worker."""
        raise NotImplementedError

    def _look(self) -> None:
        """Look after the workers, several times a second."""

    def _ended(self, hand: H) -> None:
        """A worker has come to the end of its order."""
        hand.order = None

    def _take(self, hand: H, event: Event) -> None:
        """A worker said something: usually to the watcher."""
        getattr(self._watcher, event.name)(*event.arguments)

    def _employ(self) -> None:
        """Orders for whoever is free, and workers for orders that wait."""
        while self._waiting:
            free = next((hand for hand in self._hands if hand.ready and hand.order is None), None)
            coming = sum(not hand.ready for hand in self._hands)
            if free is not None:
                self._heard.discard(free)
                free.give(self._waiting.pop(0))
            elif coming < len(self._waiting) and self._room(coming):
                self._hands.append(self._hire())
            else:
                break

    def _room(self, coming: int) -> bool:
        """Whether there may be another worker beside those that are there, some of whom are still coming."""
        return len(self._hands) < self._count

    def _blameless(self, hand: H) -> bool:
        """Whether a worker died of what its group cannot have to do with: it had not yet said a word of it."""
        if hand.order is None or hand in self._heard:
            return False
        self._silent[hand.order.number] = self._silent.get(hand.order.number, 0) + 1
        return self._silent[hand.order.number] <= SILENT

    def _stop(self, error: TuneforkError) -> TuneforkError:
        """Ask all workers to keep where they are."""
        number = error.signal if isinstance(error, StoppedError) else signal.SIGTERM
        for hand in self._hands:
            hand.stop(number)
        return error

    def _bury(self, hand: H) -> list[Order]:
        """A worker has died. Its group goes on in another, from its checkpoint; where that dies too, its runs fail."""
        self._hands.remove(hand)
        how, order = hand.end(), hand.order
        if order is None:
            return []
        if not self._blameless(hand):
            self._deaths[order.number] = self._deaths.get(order.number, 0) + 1
        if self._deaths.get(order.number, 0) <= RETRIES:
            settled = frozenset(run.config.id for run in order.planned if self._store.run(run.config.id).settled)
            return [replace(order, kept=order.kept | settled)] if len(settled) < len(order.planned) else []
        for run in order.planned:  # it may have died before it could say so
            record = self._store.run(run.config.id)
            if record.status in ("planned", "paused") and not is_done(record, run):
                self._store.put_run(replace(record, status="running"))
        fail_runs([run.config.id for run in order.planned], RunnerError(how, fix=self.fix), self._store)
        tell_ends(order, self._store, self._watcher)
        return []


def _error(name: str, *told: Any) -> TuneforkError:
    """The error that a worker met."""
    if name == "StoppedError":
        return StoppedError(*told)
    what, where, found, fix = told
    return DiskFullError(what, where=where, found=found, fix=fix)
