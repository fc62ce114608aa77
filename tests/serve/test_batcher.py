"""Requests that wait together become one pass; more than may wait are refused; every answer finds who asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError

import numpy as np
import pytest

from tunefork.data import TokenSplit
from tunefork.serve.batcher import Batcher, Pass, QueueFullError, Room
from tunefork.serve.lanes import Asked


def rows(*lengths: int) -> TokenSplit:
    tokens = [np.full(length, length, dtype=np.int32) for length in lengths]
    own = np.array(lengths, dtype=np.int64)
    return TokenSplit(np.zeros(len(own)), tuple(map(str, lengths)), own, tokens, None, 0.0, max(lengths))


class Slow:
    """Answers [model, length] for each row; waits until it is let go."""

    def __init__(self, open_gate: bool = True) -> None:
        self.gate, self.passes = threading.Event(), list[list[Asked]]()
        if open_gate:
            self.gate.set()

    def reader(self, model: int) -> object:
        raise NotImplementedError

    def answer(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        assert self.gate.wait(30)
        self.passes.append(list(asked))
        if any(model == 13 for model, _ in asked):
            raise ValueError("thirteen")
        return [np.array([[model, length] for length in split.lengths], dtype=np.float32) for model, split in asked]


def sizes(lane: Slow) -> list[list[tuple[int, int]]]:
    return [[(model, len(split)) for model, split in each] for each in lane.passes]


def test_those_who_come_together_share_a_pass() -> None:
    lane, told = Slow(), list[Pass]()
    with Batcher([lane], Room(wait=0.2), told.append) as batcher:  # type: ignore[list-item]
        futures = [batcher.put(0, model, rows(model + 1))[0] for model in range(5)]
        found = [future.result(10).tolist() for future in futures]
    assert found == [[[model, model + 1]] for model in range(5)]
    assert sizes(lane) == [[(model, 1) for model in range(5)]]
    assert [(each.rows, each.models) for each in told] == [(5, 5)]


def test_a_full_pass_does_not_wait_and_a_lone_request_waits_no_longer_than_it_has_to() -> None:
    with Batcher([Slow()], Room(rows=2, wait=5.0)) as batcher:  # type: ignore[list-item]
        began = time.monotonic()
        first, second = batcher.put(0, 0, rows(1))[0], batcher.put(0, 1, rows(2))[0]
        assert (first.result(10).tolist(), second.result(10).tolist()) == ([[0, 1]], [[1, 2]])
        assert time.monotonic() - began < 2.0
    with Batcher([Slow()], Room(wait=0.05)) as batcher:  # type: ignore[list-item]
        began = time.monotonic()
        batcher.put(0, 0, rows(1))[0].result(10)
        assert 0.045 <= time.monotonic() - began < 2.0


def test_who_is_always_alone_waits_once() -> None:
    with Batcher([Slow()], Room(wait=0.3)) as batcher:  # type: ignore[list-item]
        took = []
        for _ in range(4):
            began = time.monotonic()
            batcher.put(0, 0, rows(1))[0].result(10)
            took.append(time.monotonic() - began)
        assert took[0] >= 0.29
        assert sum(took[1:]) < 0.29
        lane = Slow(open_gate=False)
    with Batcher([lane], Room(wait=0.3)) as batcher:  # type: ignore[list-item]
        first = batcher.put(0, 0, rows(1))[0]
        while batcher.waiting:
            time.sleep(0.001)
        both = [batcher.put(0, model, rows(1))[0] for model in (1, 2)]  # company, so the next one waits again
        lane.gate.set()
        for each in (first, *both):
            each.result(10)
        began = time.monotonic()
        batcher.put(0, 0, rows(1))[0].result(10)
        assert time.monotonic() - began >= 0.29


def test_passes_are_filled_up_to_their_rows_and_tokens() -> None:
    lane = Slow(open_gate=False)
    with Batcher([lane], Room(rows=4, tokens=100, wait=0.0)) as batcher:  # type: ignore[list-item]
        first = batcher.put(0, 9, rows(1))[0]
        while batcher.waiting:
            time.sleep(0.001)
        futures = [batcher.put(0, 0, rows(10, 10)), batcher.put(0, 1, rows(10)), batcher.put(0, 2, rows(60, 60, 5))]
        lane.gate.set()
        assert first.result(10).tolist() == [[9, 1]]
        parts = [np.concatenate([part.result(10) for part in each]).tolist() for each in futures]
    assert parts == [[[0, 10], [0, 10]], [[1, 10]], [[2, 60], [2, 60], [2, 5]]]
    assert sizes(lane) == [[(9, 1)], [(0, 2), (1, 1), (2, 1)], [(2, 2)]]


def test_lanes_take_turns_by_who_waits_longest() -> None:
    first, second = Slow(open_gate=False), Slow()
    with Batcher([first, second], Room(wait=0.0)) as batcher:  # type: ignore[list-item]
        futures = [batcher.put(0, 0, rows(1))[0]]
        while batcher.waiting:
            time.sleep(0.001)
        futures += [batcher.put(1, 1, rows(1))[0], batcher.put(0, 2, rows(1))[0], batcher.put(1, 3, rows(1))[0]]
        first.gate.set()
        assert [int(future.result(10)[0, 0]) for future in futures] == [0, 1, 2, 3]
    assert sizes(first) == [[(0, 1)], [(2, 1)]]
    assert sizes(second) == [[(1, 1), (3, 1)]]


def test_more_than_may_wait_is_refused_and_the_others_are_answered() -> None:
    lane = Slow(open_gate=False)
    with Batcher([lane], Room(queue=3, wait=0.0)) as batcher:  # type: ignore[list-item]
        futures = [batcher.put(0, 0, rows(1))[0]]
        while batcher.waiting:
            time.sleep(0.001)
        futures += [batcher.put(0, 1, rows(1, 1))[0]]
        with pytest.raises(QueueFullError):
            batcher.put(0, 2, rows(1, 1))
        futures += [batcher.put(0, 3, rows(1))[0]]
        assert batcher.waiting == 3
        lane.gate.set()
        assert [int(future.result(10)[0, 0]) for future in futures] == [0, 1, 3]
        assert batcher.waiting == 0


def test_an_error_reaches_who_asked_and_the_next_pass_goes_on() -> None:
    with Batcher([Slow()], Room(wait=0.0)) as batcher:  # type: ignore[list-item]
        with pytest.raises(ValueError, match="thirteen"):
            batcher.put(0, 13, rows(1))[0].result(10)
        assert batcher.put(0, 1, rows(1))[0].result(10).tolist() == [[1, 1]]


def test_whoever_has_gone_is_not_computed() -> None:
    lane = Slow(open_gate=False)
    with Batcher([lane], Room(wait=0.0)) as batcher:  # type: ignore[list-item]
        batcher.put(0, 0, rows(1))
        while batcher.waiting:
            time.sleep(0.001)
        gone, there = batcher.put(0, 1, rows(1))[0], batcher.put(0, 2, rows(1))[0]
        assert gone.cancel()
        lane.gate.set()
        assert there.result(10).tolist() == [[2, 1]]
        with pytest.raises(CancelledError):
            gone.result(1)
    assert sizes(lane) == [[(0, 1)], [(2, 1)]]


def test_what_waits_is_answered_before_it_stops() -> None:
    lane = Slow()
    batcher = Batcher([lane], Room(wait=30.0))  # type: ignore[list-item]
    batcher.start()
    future = batcher.put(0, 4, rows(2))[0]
    batcher.stop()
    assert future.result(1).tolist() == [[4, 2]]
    with pytest.raises(QueueFullError):
        batcher.put(0, 0, rows(1))


def test_asked_from_a_loop() -> None:
    async def go(batcher: Batcher) -> list[np.ndarray]:
        return await asyncio.gather(*(batcher.ask(0, model, rows(*range(1, 6))) for model in range(3)))

    with Batcher([Slow()], Room(rows=2)) as batcher:  # type: ignore[list-item]
        found = asyncio.run(go(batcher))
    for model, each in enumerate(found):
        assert each.tolist() == [[model, length] for length in range(1, 6)]
