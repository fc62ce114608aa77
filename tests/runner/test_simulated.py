"""The schedule on paper against real pools: worker processes that sleep as long as their groups would train."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.scale.sleeping import sleep_through

from tunefork.plan.simulate import Overheads, Task, simulate

SECONDS = [0.9, 0.5, 0.5, 0.4, 0.3, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1]
"""3.9 in all."""
LATE = 1.0
"""Seconds that a busy machine may need more, to start processes and to pass on words."""
TRIES = 4
"""The fastest counts."""


@pytest.mark.parametrize(
    ("workers", "start", "expected"), [(1, 0.0, 3.9), (2, 0.0, 2.0), (3, 0.4, 1.7), (12, 0.2, 1.1)]
)
def test_a_pool_takes_as_long_as_was_simulated(tmp_path: Path, workers: int, start: float, expected: float) -> None:
    nothing = Overheads(start=start, group=0.0, run=0.0, record=0.0, event=0.0)
    found = simulate([Task(each) for each in SECONDS], 1, workers, nothing).makespan
    assert found == pytest.approx(expected)
    fastest = float("inf")
    for _ in range(TRIES):
        took = sleep_through(SECONDS, workers, tmp_path, start)
        assert took >= found, "nobody sleeps less than that"
        fastest = min(fastest, took)
        if fastest < found + LATE:
            break
    assert fastest < found + LATE
