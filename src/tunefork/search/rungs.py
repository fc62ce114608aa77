"""Synchronous successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943, figure 3): who goes on, and how far.

A trial that goes on does so exactly as it would have without halving: its schedule is that of the whole training, and
rungs lie at evaluations that it makes anyway.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def rung_steps(steps: int, interval: int, factor: int, trials: int) -> tuple[int, ...]:
    """The steps after which trials are compared; the last is the end.

    Rungs are a factor apart, counted from the end, and each lies at the next evaluation. There is no rung before the
    first evaluation, and none at which fewer than one in ``factor`` would be left to choose from.

    Args:
        steps: of a whole training.
        interval: steps between evaluations.
        factor: one trial in so many goes on.
        trials: that begin.

    >>> rung_steps(900, 100, 3, 9), rung_steps(900, 300, 3, 9), rung_steps(900, 900, 3, 9), rung_steps(900, 100, 3, 2)
    ((100, 300, 900), (300, 900), (900,), (900,))
    """
    found = [steps]
    for rung in range(1, int(math.log(trials, factor) + 1e-9) + 1):
        at = math.ceil(steps / factor**rung / interval) * interval
        if at < found[0]:
            found.insert(0, at)
    return tuple(found)


def survivors(values: Sequence[float], factor: int) -> list[int]:
    """Who goes on: the lowest one in ``factor``, and at least one; NaN and infinity never. In the order given.

    >>> survivors([0.5, 0.2, 0.9, 0.4], 3), survivors([float("nan"), 2.0], 2), survivors([float("inf")], 3)
    ([1], [1], [])
    """
    finite = [number for number, value in enumerate(values) if math.isfinite(value)]
    ranked = sorted(finite, key=lambda number: values[number])
    return sorted(ranked[: max(1, len(values) // factor)])
