"""A pool of worker processes on this machine: the store is on disk between them."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from tunefork.runner.crew import Crew
from tunefork.runner.group import Order
from tunefork.runner.messages import Event, Setup, Stop
from tunefork.runner.protocol import Job, Watcher
from tunefork.store import SqliteStore
from tunefork.store.machine import machine_folder

PATIENCE = 5.0
"""Seconds that a worker has to end before it is killed."""


class Pool(Crew["Worker"]):
    """``workers`` processes that train groups; a context, which ends them.

    A process of its own is started as a program, not forked or spawned by ``multiprocessing``: OpenMP does not survive
    a fork, and spawning imports the user's script again, which would start its study again.

    Args:
        workers: how many.
        threads: of each.
        job: what runs need.
        store: each worker opens it for itself.
        watcher: is told what they do.
    """

    fix = "If memory ran out, use a smaller batch_size, or fewer workers: --workers 1."

    def __init__(self, workers: int, threads: int, job: Job, store: SqliteStore, watcher: Watcher) -> None:
        super().__init__(workers, store, watcher)
        self._threads = threads
        name = uuid.uuid4().hex if workers > 1 else ""
        self._together = machine_folder(name) if name else None
        self._setup = setup_of(job, store, threads, workers, name)

    def __exit__(self, *ended: Any) -> None:
        try:
            super().__exit__(*ended)
        finally:
            if self._together is not None:
                self._together.leave()

    def _hire(self) -> Worker:
        return Worker(self._setup, self._threads, self._events)


def setup_of(job: Job, store: SqliteStore, threads: int, share: int, together: str = "") -> bytes:
    """What a worker is told first: by value, since tensors in shared memory would need more than containers give."""
    return pickle.dumps(Setup(job, store.folder.resolve(), threads, share, together))


def environment(threads: int) -> dict[str, str]:
    """Of a program that imports what this process does."""
    path = os.pathsep.join(each for each in sys.path if each)
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}


class Worker:
    """One process, and the order that it is busy with.

    Args:
        setup: it is told first.
        threads: of it.
        events: where what it says goes.
        module: the program.
        more: of its environment.
    """

    ready = True
    """What it is given waits until it has started."""

    def __init__(
        self,
        setup: bytes,
        threads: int,
        events: queue.Queue[tuple[Any, Event | None]],
        module: str = "tunefork.runner.worker",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**environment(threads), **more},
        )  # fmt: skip
        self.order: Order | None = None
        self._events = events
        self._outgoing: queue.Queue[bytes | None] = queue.Queue()
        self._outgoing.put(setup)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._write)]
        for thread in self._threads:
            thread.start()

    def begin(self, setup: bytes, events: queue.Queue[tuple[Any, Event | None]]) -> None:
        """Let it work at something else from now on."""
        self._events = events
        self._outgoing.put(setup)

    def give(self, order: Order) -> None:
        """Let it train a group."""
        self.order = order
        self._outgoing.put(pickle.dumps(order))

    def stop(self, number: int) -> None:
        """Ask it to keep where it is and to end its order."""
        self._outgoing.put(pickle.dumps(Stop(number)))

    def end(self) -> str:
        """End the process; returns how it ended."""
        self._outgoing.put(None)
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        finally:
            for thread in self._threads:
                thread.join()
        return f"The worker process ended with {f'signal {-code}' if code < 0 else f'status {code}'}"

    def _write(self) -> None:
        """Write what is put into ``_outgoing``: a pipe holds little, and nobody must wait for a worker to start."""
        stream: Any = self._process.stdin
        try:
            while (message := self._outgoing.get()) is not None:
                stream.write(message)
                stream.flush()
        except OSError:  # it has died, and ``_listen`` says so
            pass
        with suppress(OSError):
            stream.close()  # the worker ends when its input does

    def _listen(self) -> None:
        stream: Any = self._process.stdout
        try:
            while True:
                event = pickle.load(stream)  # before ``_events`` is looked up, which ``begin`` replaces
                self._events.put((self, event))
        except (EOFError, pickle.UnpicklingError):  # it has ended, perhaps in the middle of a word
            pass
        finally:  # whatever went wrong, nobody must wait for a worker that says nothing more
            stream.close()
            self._events.put((self, None))
