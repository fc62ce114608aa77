"""A worker on a cluster: a Ray actor, one process, that trains groups and tells the runner what happens.

It has a folder of its own for each order, and a store in memory. Everything that is to last goes to the runner, as one
stream of events in the order in which it happened, so it does not matter when the worker or its machine dies.
"""

from __future__ import annotations

import os
import queue
import shutil
import socket
import tempfile
import threading
import traceback
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefork.engine import PrefixCache, SharedStates, ask, compute_threads
from tunefork.errors import DiskFullError, StoppedError
from tunefork.runner.cluster.arrivals import DESK
from tunefork.runner.cluster.folders import frozen, link_tree
from tunefork.runner.cluster.messages import Files, Given, Met, Piece
from tunefork.runner.cluster.outgoing import Outgoing, forget
from tunefork.runner.cluster.parcel import Parcel, unpack
from tunefork.runner.cluster.relay import Relay, RelayedStore
from tunefork.runner.cluster.versions import versions
from tunefork.runner.group import execute_group
from tunefork.runner.messages import Event
from tunefork.runner.protocol import Job
from tunefork.store import StopWish
from tunefork.store.machine import MachineFolder, machine_folder
from tunefork.store.space import disk_full

AHEAD = 1000
"""Events that may wait to be heard: a worker does not run away from its runner."""
PIECES = 4
"""Pieces of files in one answer."""


class Trainer:
    """What the runner calls from afar.

    Calls that steer (``give``, ``deliver``, ``stop``, ``wish``) come one after another, beside the call that listens
    (``hear``) and beside the training, which has a thread of its own.

    Args:
        threads: torch computes with; 0 leaves them as they are.
    """

    _place: Path | None
    """Its desk on this machine, where it does not see the study's folder."""

    def __init__(self, threads: int) -> None:
        self._outbox: queue.Queue[Event] = queue.Queue(AHEAD)
        self._orders: queue.Queue[tuple[Given, list[Any]]] = queue.Queue()
        self._deliveries: queue.Queue[Files] = queue.Queue()
        self._store: RelayedStore | None = None
        self._wishes: Sequence[StopWish] = ()
        self._jobs: dict[str, tuple[Job, PrefixCache]] = {}
        self._machine: MachineFolder | None = None
        """Where the workers of this machine keep what all of them need, and each its desk."""
        self._threads, self._place = threads, None
        threading.Thread(target=self._work, args=(threads,), name="training", daemon=True).start()

    def introduce(self) -> Met:
        """Who it is."""
        return Met(os.getpid(), socket.gethostname(), versions())

    def give(self, given: Given, parcel: list[Any]) -> None:
        """Train a group.

        Args:
            given: the group.
            parcel: a list with the reference of the job's ``Parcel``; it is asked for where the job is another.
        """
        ask(None)
        self._wishes = given.known.wishes
        self._orders.put((given, parcel))

    def deliver(self, files: Files) -> None:
        """What the worker has asked for, to go on from it."""
        self._deliveries.put(files)

    def stop(self, number: int) -> None:
        """Finish the step, keep it, and end the order."""
        ask(number)

    def wish(self, wishes: Sequence[StopWish]) -> None:
        """What somebody wants stopped."""
        self._wishes = wishes
        if self._store is not None:
            self._store.wanted = wishes

    def leave(self) -> None:
        """Take away what it has on this machine, before it is ended."""
        self._forget()

    def hear(self) -> list[Event]:
        """Wait until something has happened, and tell it."""
        found: list[Event] = []
        pieces = 0
        while not found or (pieces < PIECES and len(found) < AHEAD and not self._outbox.empty()):
            event = self._outbox.get()
            if event.name == "sent":
                forget(event.arguments[0])
                continue
            if event.name == "piece":
                unit, name, piece = event.arguments
                event = Event("piece", (unit, name, piece.read() if isinstance(piece, Piece) else piece))
                pieces += 1
            found.append(event)
        return found

    def _work(self, threads: int) -> None:
        try:
            with compute_threads(threads):
                while True:
                    self._train(*self._orders.get())
        except BaseException:
            self._outbox.put(Event("broken", (traceback.format_exc(),)))

    def _train(self, given: Given, parcel: list[Any]) -> None:
        job, cache = self._job(given, parcel)
        shared = (given.folder / given.token).is_file()
        try:
            end = self._carry_out(given, job, cache, shared)
        except (OSError, DiskFullError) as error:  # while it trains, or while files are fetched, kept and sent
            full = disk_full(error, str(given.folder) if shared else tempfile.gettempdir())
            told = error if isinstance(error, DiskFullError) else full
            if told is None:
                raise
            where = self._store.at_home(told.where) if shared and self._store is not None else told.where
            end = Event("halted", ("DiskFullError", told.what, where, told.found, told.fix))
        self._store = None
        self._outbox.put(end)

    def _carry_out(self, given: Given, job: Job, cache: PrefixCache, shared: bool) -> Event:
        """Train and send everything that is to last; returns how it ended."""
        folder = self._desk(given, shared)
        self._outbox.put(Event("at", (str(folder) if shared else "",)))
        self._fetch(given, folder, shared)
        outgoing = Outgoing(folder, shared, given.frozen, self._outbox.put)
        store = RelayedStore(folder, given.folder, given.known, outgoing, self._outbox.put)
        self._store = store
        store.wanted = self._wishes  # there may be others since the order was given
        end = Event("done")
        try:
            execute_group(given.order, job, store, Relay(store, outgoing, self._outbox.put), cache)
        except StoppedError as error:
            end = Event("halted", ("StoppedError", error.signal))
        outgoing.changed()
        if not shared:
            self._keep_frozen(folder)
        return end

    def _job(self, given: Given, parcel: list[Any]) -> tuple[Job, PrefixCache]:
        if given.job not in self._jobs:
            import ray

            self._jobs.clear()
            self._forget()
            found: Parcel = ray.get(parcel[0])
            job, self._machine = unpack(found), machine_folder(given.job)
            shared = None
            if self._machine is not None:
                shared = SharedStates(self._machine.path, job.rows.splits, self._threads)
            self._jobs[given.job] = job, PrefixCache(share=given.share, shared=shared)
        return self._jobs[given.job]

    def _forget(self) -> None:
        """Of a job that is over nothing stays on this machine."""
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None
        if self._machine is not None:
            self._machine.leave()
            self._machine = None

    def _desk(self, given: Given, shared: bool) -> Path:
        """A folder for an order: in the study's, so that files need not be copied, or on this machine."""
        if shared:
            place = given.folder / DESK
        else:
            parent = None if self._machine is None else self._machine.path
            self._place = self._place or Path(tempfile.mkdtemp(prefix=f"tunefork-{os.getpid()}-", dir=parent))
            place = self._place
        folder = place / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def _fetch(self, given: Given, folder: Path, shared: bool) -> None:
        """Put into a folder what the order goes on from."""
        if shared:
            for unit in (*given.units, *given.frozen):
                link_tree(given.folder / unit, folder / unit)
            return
        assert self._place is not None
        for unit in frozen(self._place):
            link_tree(self._place / unit, folder / unit)
        if given.units:
            self._outbox.put(Event("wants", (given.units,)))
            for unit, files in self._deliveries.get().items():
                for name, content in files.items():
                    path = folder / unit / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)

    def _keep_frozen(self, folder: Path) -> None:
        """Frozen weights are the same for the next order; the rest goes when it has been sent."""
        assert self._place is not None
        for unit in frozen(folder):
            if not (self._place / unit).exists():
                link_tree(folder / unit, self._place / unit)
        for path in folder.iterdir():
            if path.name != "out":
                shutil.rmtree(path, ignore_errors=True)
