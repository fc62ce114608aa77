"""A crew of one hand, which is several processes: a leader that trains groups as any worker does, and its followers."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tunefork.runner.crew import Crew
from tunefork.runner.messages import Event
from tunefork.runner.pool import PATIENCE, Worker, environment, setup_of
from tunefork.runner.protocol import Job, Watcher
from tunefork.runner.team import Seat
from tunefork.store import SqliteStore

MODULE = "tunefork.runner.parallel.worker"


class TeamPool(Crew["TeamHand"]):
    """Trains groups one after another, each over all processes; a context, which ends them.

    Args:
        processes: how many.
        threads: of each.
        job: what runs need.
        store: the leader opens it for itself.
        watcher: is told what they do.
        idle: where processes that are free stay when the context ends, and are taken from; they end unless given.
    """

    fix = "If memory ran out, use a smaller batch_size, or more processes: --runner data-parallel:N."

    def __init__(
        self, processes: int, threads: int, job: Job, store: SqliteStore, watcher: Watcher, idle: list[TeamHand] | None
    ) -> None:
        super().__init__(1, store, watcher)
        self._processes, self._threads, self._idle = processes, threads, idle
        self._setup = setup_of(job, store, threads, processes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._idle is not None:
            self._idle += [hand for hand in self._hands if hand.order is None]
            self._hands = [hand for hand in self._hands if hand.order is not None]
        super().__exit__(kind, error, trace)

    def _look(self) -> None:
        for hand in self._hands:
            if hand not in self._heard and not hand.alive:
                hand.kill()  # its leader would wait for those who cannot come

    def _hire(self) -> TeamHand:
        while self._idle:
            hand = self._idle.pop()
            if hand.alive:
                hand.begin(self._setup, self._events)
                return hand
            hand.end()
        return TeamHand(self._setup, self._threads, self._processes, self._events)


class TeamHand(Worker):
    """The processes, and the order that they are busy with."""

    def __init__(
        self, setup: bytes, threads: int, processes: int, events: queue.Queue[tuple[TeamHand, Event | None]]
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tunefork-team-"))
        seats = [Seat(rank, processes, rank, processes, self._folder / "meeting") for rank in range(processes)]
        self._followers = [
            subprocess.Popen(
                [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                env=environment(threads) | seat.written(),
            )
            for seat in seats[1:]
        ]  # fmt: skip
        super().__init__(setup, threads, events, MODULE, seats[0].written())

    @property
    def alive(self) -> bool:
        """Whether all processes are there."""
        return all(each.poll() is None for each in (self._process, *self._followers))

    def kill(self) -> None:
        """End the leader at once; what it says then is its last word."""
        self._process.kill()

    def end(self) -> str:
        """End the processes; returns how the first of them ended that should not have."""
        dead = [(number, each.returncode) for number, each in enumerate(self._followers, 2) if each.poll() is not None]
        how = super().end()
        for each in self._followers:
            with suppress(OSError):
                if each.stdin is not None:
                    each.stdin.close()
            try:
                each.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        killed = [(number, code) for number, code in dead if code < 0] or dead
        if not killed:
            return how
        number, code = killed[0]
        ended = f"signal {-code}" if code < 0 else f"status {code}"
        return f"Process {number} of {len(self._followers) + 1} ended with {ended}"
