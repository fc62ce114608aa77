"""Where a search looks: for each setting a range or a list of values, as study files write them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

LOG_FACTOR = 10.0
"""A range over this factor or more is searched on a logarithmic scale."""
POINTS = 5
"""Values of a range in a grid."""
DEFAULTS: dict[str, dict[str, str]] = {
    "full": {"learning_rate": "1e-5..1e-3"},
    "last_layers": {"learning_rate": "5e-5..5e-3"},
    "head": {"learning_rate": "1e-3..3e-1"},
    "lora": {"learning_rate": "1e-4..1e-2"},
    "peft": {"learning_rate": "1e-4..1e-2"},
}
"""What is searched of each strategy unless the study says otherwise: the rate, around its default."""
_NUMBER = r"\s*(-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*"


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    whole: bool
    """Whole numbers only."""

    @property
    def log(self) -> bool:
        """Whether it is searched on a logarithmic scale."""
        return self.low > 0 and self.high / self.low >= LOG_FACTOR

    @property
    def ends(self) -> tuple[float, ...]:
        """Values that must be allowed for all to be."""
        return self.points(2)

    def points(self, count: int = POINTS) -> tuple[float, ...]:
        """So many values, evenly apart on the scale of the search.

        >>> dimension("1e-4..1e-2").points(3), dimension("1..4").points(9)
        ((0.0001, 0.001, 0.01), (1, 2, 3, 4))
        """
        shares = [number / (count - 1) for number in range(count)]
        if self.log:
            found = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            found = [self.low + (self.high - self.low) * share for share in shares]
        rounded = [round(value) if self.whole else float(f"{value:.6g}") for value in found]
        return tuple(dict.fromkeys(rounded))

    def place(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1, on the scale of the search.

        >>> dimension("1e-4..1e-2").place(1e-3), dimension("0..4").place(1)
        (0.5, 0.25)
        """
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Choices:
    """One of several values."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that must be allowed for all to be."""
        return self.values

    def points(self, count: int = POINTS) -> tuple[Any, ...]:
        """All of them, however many are asked for."""
        return self.values

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.values))


Dimension = Range | Choices


def dimension(value: Any) -> Dimension:
    """A range or choices, as study files write them: ``1e-5..1e-3`` or a list.

    >>> dimension("2..64"), dimension(["query+value", "all-linear"]), dimension(0.1)
    (Range(low=2.0, high=64.0, whole=True), Choices(values=('query+value', 'all-linear')), Choices(values=(0.1,)))

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, list | tuple):
        plain = tuple(value)
        if not plain or any(isinstance(each, list | tuple | dict) for each in plain):
            raise ValueError(f"a list of at least one number or word, or a range such as 1e-5..1e-3, but got {value!r}")
        if len(set(map(repr, plain))) != len(plain):
            raise ValueError(f"the list names a value twice: {list(plain)}")
        return Choices(plain)
    found = re.fullmatch(rf"{_NUMBER}\.\.{_NUMBER}", value) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, dict) or value is None or (isinstance(value, str) and ".." in value):
            raise ValueError(f"a range such as 1e-5..1e-3, or a list of values, but got {value!r}")
        return Choices((value,))
    low, high = float(found[1]), float(found[2])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"a range goes from the smaller number to the larger, but got {value!r}")
    return Range(low, high, all(re.fullmatch(r"-?\d+", text) for text in (found[1], found[2])))
