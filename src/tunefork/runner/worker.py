"""A worker: ``python -m tunefork.runner.worker`` trains groups for a ``Pool`` and tells it what happens.

Its standard input brings a ``Setup`` and then orders; its standard output carries ``Event`` s back, both pickled.
Nothing but the pool's own process has the other ends. When the input ends, so does the worker, whatever it is doing: a
pool that has died leaves no process behind.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Set
from typing import Any, BinaryIO, NoReturn

from tunefork.engine import PrefixCache, SharedStates, ask, compute_threads
from tunefork.engine.stopping import ignore_signals
from tunefork.errors import DiskFullError, LostError, StoppedError
from tunefork.plan import Plan
from tunefork.runner.group import Order, execute_group
from tunefork.runner.messages import Event, Setup, Stop
from tunefork.runner.protocol import Job
from tunefork.runner.team import Solo, Team
from tunefork.store import SqliteStore
from tunefork.store.machine import MachineFolder, machine_folder

End = Callable[[int], NoReturn]
"""Ends the process at once, with this status."""


class Telling:
    """A watcher that passes on what it is told."""

    def __init__(self, stream: BinaryIO, end: End = os._exit) -> None:
        self._stream, self.leave = stream, end

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Told by the pool's own process."""

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        """Pass it on."""
        self.send(Event("group", (group, names, steps)))

    def tell(self, group: int, text: str) -> None:
        """Pass it on."""
        self.send(Event("tell", (group, text)))

    def step(self, group: int, step: int, loss: float | None) -> None:
        """Pass it on."""
        self.send(Event("step", (group, step, loss)))

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Pass it on."""
        self.send(Event("finish", (group, name, status, dict(metrics), reason)))

    def end(self) -> None:
        """Told by the pool's own process."""

    def send(self, event: Event) -> None:
        """Write an event; where nobody reads it the pool has died, and the worker ends as ``_listen`` would have."""
        try:
            pickle.dump(event, self._stream)
            self._stream.flush()
        except BrokenPipeError:
            self.leave(0)


def _listen(orders: queue.Queue[Any], end: End) -> None:
    """Take orders until the pool closes or dies."""
    try:
        while True:
            word = pickle.load(sys.stdin.buffer)  # the pool's own, over a pipe that only it has
            if isinstance(word, Stop):
                ask(word.signal)
                continue
            if isinstance(word, Setup):
                ask(None)  # what was asked of an earlier study; here, since a stop of this one may follow at once
            orders.put(word)
    except EOFError:
        end(0)
    except pickle.UnpicklingError:  # "truncated": the pool was killed in the middle of a word
        if not sys.stdin.buffer.read(1):
            end(0)
        traceback.print_exc()
        end(1)
    except BaseException:
        traceback.print_exc()
        end(1)


def main(lead: Callable[[], Team | Solo] = Solo) -> None:
    """Work until the input ends.

    Args:
        lead: gives the processes that train with this one.
    """
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print must not mix with events
    ignore_signals()
    orders: queue.Queue[Any] = queue.Queue()
    machine: list[MachineFolder] = []

    end = _ending(machine)
    threading.Thread(target=_listen, args=(orders, end), name="orders", daemon=True).start()
    team = _led(lead, end)
    setup: Setup = orders.get()
    while True:
        if setup.together and (entered := machine_folder(setup.together)) is not None:
            machine.append(entered)
        shared = [SharedStates(folder.path, setup.job.rows.splits, setup.threads) for folder in machine]
        cache = PrefixCache(share=setup.share, shared=shared[0] if shared else None)
        store, telling = SqliteStore(setup.folder), Telling(stream, end)
        with compute_threads(setup.threads):
            while isinstance(order := orders.get(), Order):
                _work(order, setup.job, store, telling, cache, team)
        store.close()
        while machine:
            machine.pop().leave()
        setup = order


def _ending(machine: list[MachineFolder]) -> End:
    """Leaves the machine's folders, and ends the process whatever becomes of that: its pool waits for it."""

    def end(status: int) -> NoReturn:
        try:
            for folder in machine:
                folder.leave()  # the last one out removes what lies there
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)

    return end


def _led(lead: Callable[[], Team | Solo], end: End) -> Team | Solo:
    try:
        return lead()
    except LostError as error:
        _lost(error, end)


def _work(order: Order, job: Job, store: SqliteStore, telling: Telling, cache: PrefixCache, team: Team | Solo) -> None:
    try:
        execute_group(order, job, store, telling, cache, team)
    except StoppedError as error:
        telling.send(Event("halted", ("StoppedError", error.signal)))
    except DiskFullError as error:
        telling.send(Event("halted", ("DiskFullError", error.what, error.where, error.found, error.fix)))
    except LostError as error:
        _lost(error, telling.leave)
    else:
        telling.send(Event("done"))


def _lost(error: LostError, end: End) -> NoReturn:
    """The pool starts all of the processes anew."""
    print(f"tunefork: {error}", file=sys.stderr, flush=True)
    end(1)


if __name__ == "__main__":
    main()
