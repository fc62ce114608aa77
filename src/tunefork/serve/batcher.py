"""Requests that wait together become one pass.

One thread computes: models would only take each other's cores. While it is busy, requests gather by themselves; when it
is idle, the first one waits a moment (``wait``) for company, if the one before had any: a lone client never waits. The
queue is bounded, so that under more load than the machine can bear some are told to come again, and the others still
get their answers in time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from tunefork.data import EncodedSplit
from tunefork.serve.lanes import Lane


@dataclass(frozen=True)
class Room:
    """How much is computed at once, and how much may wait."""

    rows: int = 64
    """Of one pass."""
    tokens: int = 8192
    """Of one pass."""
    wait: float = 0.002
    """Seconds that a request waits for others, where nothing is computed and the last pass had several."""
    queue: int = 1024
    """Rows that may wait."""


@dataclass(frozen=True)
class Pass:
    """One pass as it went."""

    rows: int
    models: int
    seconds: float


class QueueFullError(Exception):
    """The queue is full."""


@dataclass(eq=False)
class _Waiting:
    place: int
    split: EncodedSplit
    since: float
    answer: Future[np.ndarray] = field(default_factory=Future)


class Batcher:
    """Answers requests in passes. Use it as a context, or ``start`` and ``stop`` it.

    Args:
        lanes: what computes.
        room: how much at once.
        tell: called after each pass, on the computing thread.
    """

    def __init__(self, lanes: Sequence[Lane], room: Room, tell: Callable[[Pass], None] = lambda _: None) -> None:
        self._lanes, self._room, self._tell = tuple(lanes), room, tell
        self._queues: list[deque[_Waiting]] = [deque() for _ in lanes]
        self._waiting = 0
        self._change = threading.Condition()
        self._ended, self._company = False, True
        self._thread = threading.Thread(target=self._work, name="passes", daemon=True)

    @property
    def waiting(self) -> int:
        """Rows in the queue."""
        return self._waiting

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, and end."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        self._thread.join()

    def __enter__(self) -> Batcher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def ask(self, lane: int, place: int, split: EncodedSplit) -> np.ndarray:
        """Logits [N, classes] of one model for encoded rows.

        Raises:
            QueueFullError: the queue is full.
        """
        futures = self.put(lane, place, split)
        return np.concatenate([await asyncio.wrap_future(each) for each in futures])

    def put(self, lane: int, place: int, split: EncodedSplit) -> list[Future[np.ndarray]]:
        """Let rows wait, in parts that fit into a pass.

        Raises:
            QueueFullError: the queue is full.
        """
        now = time.monotonic()
        parts = [_Waiting(place, part, now) for part in self._parts(split)]
        with self._change:
            if self._ended or self._waiting + len(split) > self._room.queue:
                raise QueueFullError
            self._waiting += len(split)
            self._queues[lane].extend(parts)
            self._change.notify_all()
        return [part.answer for part in parts]

    def _parts(self, split: EncodedSplit) -> list[EncodedSplit]:
        ends, rows, tokens = [0], 0, 0
        for number, length in enumerate(split.lengths.tolist()):
            if rows and (rows >= self._room.rows or tokens + length > self._room.tokens):
                ends.append(number)
                rows = tokens = 0
            rows, tokens = rows + 1, tokens + length
        if len(ends) == 1:
            return [split]
        return [split.take(np.arange(first, end)) for first, end in zip(ends, [*ends[1:], len(split)])]

    def _work(self) -> None:
        while True:
            with self._change:
                while not (taken := self._take()):
                    if self._ended and not self._waiting:
                        return
                    self._change.wait(self._patience())
            self._answer(*taken)

    def _patience(self) -> float | None:
        """Seconds until the oldest request has waited long enough."""
        oldest = self._oldest()
        if oldest is None:
            return None
        return max(0.0, self._queues[oldest][0].since + self._wait - time.monotonic())

    @property
    def _wait(self) -> float:
        return self._room.wait if self._company else 0.0

    def _oldest(self) -> int | None:
        asked = [number for number, queue in enumerate(self._queues) if queue]
        return min(asked, key=lambda number: self._queues[number][0].since) if asked else None

    def _take(self) -> tuple[int, list[_Waiting]] | None:
        """What the next pass computes: the lane whose first request is the oldest, and all of it that fits."""
        lane = self._oldest()
        if lane is None:
            return None
        queue, room = self._queues[lane], self._room
        rows = sum(len(each.split) for each in queue)
        if not self._ended and rows < room.rows and time.monotonic() < queue[0].since + self._wait:
            return None
        found: list[_Waiting] = []
        rows = tokens = 0
        while queue:
            more, longer = len(queue[0].split), int(queue[0].split.lengths.sum())
            if found and (rows + more > room.rows or tokens + longer > room.tokens):
                break
            rows, tokens = rows + more, tokens + longer
            found.append(queue.popleft())
        self._waiting -= rows
        self._company = len(found) > 1
        return lane, found

    def _answer(self, lane: int, asked: Sequence[_Waiting]) -> None:
        wanted = [each for each in asked if each.answer.set_running_or_notify_cancel()]
        if not wanted:
            return
        began = time.monotonic()
        try:
            found = self._lanes[lane].answer([(each.place, each.split) for each in wanted])
        except Exception as error:  # whoever asked is told; the next pass may go well
            for each in wanted:
                each.answer.set_exception(error)
            return
        for each, logits in zip(wanted, found):
            each.answer.set_result(logits)
        models = len({each.place for each in wanted})
        self._tell(Pass(sum(len(each.split) for each in wanted), models, time.monotonic() - began))
