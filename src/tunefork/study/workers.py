"""How many groups train at the same time on a CPU: as many as measured fastest.

Small products gain little from a second thread: on two cores, two full fine-tunings of MiniLM side by side with one
thread each took as long as one alone with two.
"""

from __future__ import annotations

from collections.abc import Callable

KEPT = 0.92
"""The share of its speed that a worker keeps beside others, which use the same memory: 0.91 to 1.0 was measured."""
WORTH = 1.05
"""How many times as fast it must promise to be, the start included."""
STARTUP = 8.0
"""Seconds until worker processes have imported torch and transformers."""
FEWEST_STEPS = 100
"""Optimizer steps of a study, over all runs, below which nobody measures."""
KINDS = 3
"""Parties that are timed: the largest."""


def choose_workers(cores: int, most: int, seconds: Callable[[int], float]) -> int:
    """The number of workers, each with ``cores // workers`` threads.

    Args:
        cores: threads that torch would use alone.
        most: workers at most, since there is no work or no memory for more.
        seconds: what the study takes with so many workers, without their start.

    >>> choose_workers(4, 4, lambda workers: {1: 300.0, 2: 170.0, 4: 150.0}[workers])
    4
    >>> choose_workers(4, 4, lambda workers: 300.0)
    1
    >>> choose_workers(4, 4, lambda workers: {1: 15.0, 2: 8.5, 4: 7.5}[workers])  # over before they are ready
    1
    """
    alone = best = seconds(1)
    found = 1
    for workers in _candidates(min(cores, most)):
        needed = seconds(workers)
        if needed > best:
            break
        best, found = needed, workers
    return found if best + STARTUP < alone / WORTH else 1


def _candidates(most: int) -> list[int]:
    """Powers of two, and the number itself.

    >>> _candidates(6)
    [2, 4, 6]
    """
    powers = [2**power for power in range(1, most.bit_length()) if 2**power <= most]
    return powers if most < 2 or powers[-1] == most else [*powers, most]
