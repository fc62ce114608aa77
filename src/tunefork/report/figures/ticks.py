"""Round values on logarithmic axes of parameters, times and memory."""

from __future__ import annotations

from itertools import product

MOST, FEWEST = 5, 3
"""Ticks of an axis."""
SECONDS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 360_000.0)
FINER_SECONDS = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0),
    *(7200.0, 18_000.0, 36_000.0, 72_000.0, 180_000.0, 360_000.0),
)
TENS = tuple(10.0**power for power in range(13))
HALVES = tuple(part * ten for ten, part in product(TENS, (1, 2, 5)))
BINARY = tuple(2.0**power for power in range(4, 22))
LADDERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "parameters": (TENS, HALVES),
    "time": (SECONDS, FINER_SECONDS),
    "memory": (BINARY, tuple(part * power for power, part in product(BINARY, (1.0, 1.5)))),
}
"""Values that are round, from far apart to near one another. Memory is in MB."""


def round_values(cost: str, low: float, high: float) -> list[float]:
    """Three to five round values of a cost between two others; where none are so near, equal parts in round steps.

    >>> round_values("time", 7.0, 700.0), round_values("memory", 1300, 1700)
    ([10.0, 60.0, 600.0], [1331.2, 1433.6, 1536.0, 1638.4])
    """
    for ladder in LADDERS[cost]:
        inside = [value for value in ladder if low <= value <= high]
        if len(inside) >= FEWEST:
            return inside[:: -(-len(inside) // MOST)]
    from matplotlib.ticker import MaxNLocator

    unit, steps = _unit(cost, high)[0], MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])
    found = [round(unit * float(part), 6) for part in steps.tick_values(low / unit, high / unit)]
    return [value for value in found if low <= value <= high]


def told(cost: str, value: float) -> str:
    """A value with its unit.

    >>> told("time", 90.0), told("memory", 1536.0), told("parameters", 2_500_000), told("parameters", 500)
    ('1.5 min', '1.5 GB', '2.5M', '500')
    """
    unit, name = _unit(cost, value)
    return f"{value / unit:.4g}{name}"


def _unit(cost: str, value: float) -> tuple[float, str]:
    """The largest unit that is no larger than a value."""
    units = {
        "parameters": ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")),
        "time": ((1.0, " s"), (60.0, " min"), (3600.0, " h")),
        "memory": ((1.0, " MB"), (1024.0, " GB")),
    }[cost]
    return max((unit for unit in units if unit[0] <= value * (1 + 1e-9)), default=units[0])
