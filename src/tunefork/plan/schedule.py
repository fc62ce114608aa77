"""In which order groups are handed to workers, and how long that takes."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

FEATURES = 0.02
"""What a step of a head costs on features that are at hand, against one through the model."""


def longest_first(costs: Sequence[float]) -> list[int]:
    """Numbers by falling cost: the order that leaves least waiting at the end (Graham 1969, "longest processing time").

    >>> longest_first([1.0, 3.0, 2.0])
    [1, 2, 0]
    """
    return sorted(range(len(costs)), key=lambda number: -costs[number])


def makespan(costs: Sequence[float], workers: int) -> float:
    """When the last of ``workers`` is done, if each takes the next task as soon as it is free.

    >>> makespan([4.0, 3.0, 2.0, 1.0], 2)
    5.0
    """
    free = [0.0] * max(1, workers)
    for number in longest_first(costs):
        heapq.heapreplace(free, free[0] + costs[number])
    return max(free)
