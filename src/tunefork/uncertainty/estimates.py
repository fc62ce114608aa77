"""What is said of a number that another sample would have made different."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval."""

    value: float
    interval: Interval
    seeds_counted: bool
    """False where the interval knows of rows only: another seed may fall outside."""


@dataclass(frozen=True)
class Variance:
    """The variance of a mean over rows and seeds, in its parts.

    ``total`` is ``rows + seeds − shared``, where both parts hold what a single answer varies by chance.
    """

    rows: float
    """What other rows would change."""
    seeds: float
    """What other seeds would change; 0 where they are not counted."""
    shared: float
    """What is in both."""
    total: float
    freedom: float
    """Satterthwaite's degrees of freedom of ``total``."""
    counted: bool
    """Whether there were seeds enough to count them: two on each side."""


@dataclass(frozen=True)
class Pool:
    """The variance of accuracies over seeds that the configurations of a study have on average."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class Difference(Estimate):
    """A difference of two means on the same rows, and the p-value of "there is none" (two-sided)."""

    p_value: float
    variance: Variance
    constant: bool = False
    """Whether every row has the same difference, so that there is no variance to estimate."""

    @property
    def degrees_of_freedom(self) -> float:
        """Of the variance."""
        return self.variance.freedom
