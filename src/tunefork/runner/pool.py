"""A pool of worker processes on this machine: groups go out, events come back, the store is on disk between them."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any

from tunefork.engine import wanted
from tunefork.errors import DiskFullError, RunnerError, StoppedError, TuneforkError
from tunefork.runner.group import Order, fail_runs, tell_ends
from tunefork.runner.messages import Event, Setup, Stop
from tunefork.runner.protocol import Job, Watcher
from tunefork.store import SqliteStore

RETRIES = 1
"""Workers that may die over one group before its runs are given up."""
LOOK = 0.2
"""Seconds after which it is looked whether somebody asked for a stop."""
PATIENCE = 5.0
"""Seconds that a worker has to end before it is killed."""


class Pool:
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

    def __init__(self, workers: int, threads: int, job: Job, store: SqliteStore, watcher: Watcher) -> None:
        self._count, self._threads, self._store, self._watcher = workers, threads, store, watcher
        # by value: tensors in shared memory would need more of it than containers give
        self._setup = pickle.dumps(Setup(job, store.folder.resolve(), threads, workers))
        self._events: queue.Queue[tuple[_Worker, Event | None]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._deaths: dict[int, int] = {}
        """Of workers, by the number of the group that they were busy with."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def execute(self, orders: Sequence[Order]) -> None:
        """Give out the orders, first come first served, until all are done or have failed."""
        waiting = list(orders)
        while waiting and len(self._workers) < self._count:
            self._hire(waiting.pop(0))
        halted: TuneforkError | None = None
        while any(worker.order for worker in self._workers):
            asked = wanted()
            if asked is not None and halted is None:
                halted = self._stop(StoppedError(asked))
            try:
                worker, event = self._events.get(timeout=LOOK)
            except queue.Empty:
                continue
            if event is None:
                waiting[:0] = self._bury(worker)
                if waiting and halted is None:
                    self._hire(waiting.pop(0))
            elif event.name == "halted":
                worker.order = None
                halted = halted or self._stop(_error(*event.arguments))
            elif event.name == "done":
                worker.order = None
                if waiting and halted is None:
                    worker.give(waiting.pop(0))
            else:
                getattr(self._watcher, event.name)(*event.arguments)
        if halted is not None:
            raise halted

    def _stop(self, error: TuneforkError) -> TuneforkError:
        """Ask all workers to keep where they are."""
        number = error.signal if isinstance(error, StoppedError) else signal.SIGTERM
        for worker in self._workers:
            worker.stop(number)
        return error

    def _hire(self, order: Order) -> None:
        worker = _Worker(self._setup, self._threads, self._events)
        self._workers.append(worker)
        worker.give(order)

    def _bury(self, worker: _Worker) -> list[Order]:
        """A worker has died. Its group goes on in another, from its checkpoint; where that dies too, its runs fail."""
        self._workers.remove(worker)
        code, order = worker.end(), worker.order
        if order is None:
            return []
        self._deaths[order.number] = self._deaths.get(order.number, 0) + 1
        if self._deaths[order.number] <= RETRIES:
            settled = frozenset(run.config.id for run in order.planned if self._store.run(run.config.id).settled)
            return [replace(order, kept=order.kept | settled)] if len(settled) < len(order.planned) else []
        how = f"signal {-code}" if code < 0 else f"status {code}"
        error = RunnerError(
            f"The worker process ended with {how}",
            fix="If memory ran out, use a smaller batch_size, or fewer workers: --workers 1.",
        )
        for run in order.planned:  # it may have died before it could say so
            record = self._store.run(run.config.id)
            if record.status == "planned":
                self._store.put_run(replace(record, status="running"))
        fail_runs([run.config.id for run in order.planned], error, self._store)
        tell_ends(order, self._store, self._watcher)
        return []


def _error(name: str, *told: Any) -> TuneforkError:
    """The error that a worker met."""
    if name == "StoppedError":
        return StoppedError(*told)
    what, where, found, fix = told
    return DiskFullError(what, where=where, found=found, fix=fix)


class _Worker:
    """One process, and the order that it is busy with."""

    def __init__(self, setup: bytes, threads: int, events: queue.Queue[tuple[_Worker, Event | None]]) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            "OMP_NUM_THREADS": str(threads),
        }
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "tunefork.runner.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        )  # fmt: skip
        self.order: Order | None = None
        self._events = events
        self._outgoing: queue.Queue[bytes | None] = queue.Queue()
        self._outgoing.put(setup)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._write)]
        for thread in self._threads:
            thread.start()

    def give(self, order: Order) -> None:
        """Let it train a group."""
        self.order = order
        self._outgoing.put(pickle.dumps(order))

    def stop(self, number: int) -> None:
        """Ask it to keep where it is and to end its order."""
        self._outgoing.put(pickle.dumps(Stop(number)))

    def end(self) -> int:
        """End the process; returns its exit status."""
        self._outgoing.put(None)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            for thread in self._threads:
                thread.join()

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
                self._events.put((self, pickle.load(stream)))
        except (EOFError, pickle.UnpicklingError):  # it has ended, perhaps in the middle of a word
            pass
        finally:  # whatever went wrong, nobody must wait for a worker that says nothing more
            stream.close()
            self._events.put((self, None))
