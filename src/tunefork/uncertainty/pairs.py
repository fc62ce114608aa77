"""Every pair of configurations: better, worse, equivalent within a margin, or undecided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from tunefork.uncertainty.estimates import Difference, Interval
from tunefork.uncertainty.family import holm
from tunefork.uncertainty.two_way import Matrix, difference_of, pool_of

Outcome = Literal["better", "worse", "equivalent", "undecided"]
SIGNIFICANT = 0.05
MARGIN = 0.01
"""Differences of a point or less do not matter, unless the user says otherwise."""


@dataclass(frozen=True)
class Pair:
    """The configurations ``first`` and ``second``, by their places, and what the data says of them."""

    first: int
    second: int
    difference: Difference
    """The mean of the first minus that of the second."""
    different: float
    """The p-value of "there is no difference", adjusted for all pairs."""
    within: float
    """The p-value of "the difference is larger than the margin", adjusted for all pairs."""
    sign: int = 1
    """1 where more is better, −1 where less is: the difference is that of the values in either case."""

    @property
    def outcome(self) -> Outcome:
        """Of the first against the second. A difference that is shown and shown to be within the margin is
        ``equivalent``: it does not matter."""
        if self.within < SIGNIFICANT:
            return "equivalent"
        if self.different >= SIGNIFICANT:
            return "undecided"
        return "better" if self.sign * self.difference.value > 0 else "worse"

    @property
    def turned(self) -> Pair:
        """The same, with the second first."""
        old = self.difference
        interval = Interval(-old.interval.high, -old.interval.low)
        return replace(
            self, first=self.second, second=self.first, difference=replace(old, value=-old.value, interval=interval)
        )


def compare(
    matrices: Sequence[Matrix],
    margin: float = MARGIN,
    sign: int = 1,
    bounds: tuple[float, float] = (-1.0, 1.0),
    whole: float = 1.0,
) -> tuple[Pair, ...]:
    """All pairs of configurations.

    Both questions, "is there a difference?" and "is it within the margin?", are asked of all pairs, so each is adjusted
    for all of them by Holm: the chance of even one false "better" or "worse" in the study is at most 5 %, and so is
    that of a false "equivalent".

    Args:
        matrices: of each configuration [seeds, rows] scores, all on the same rows.
        margin: differences up to this do not matter; in the scores' unit.
        sign: 1 where more is better, −1 where less is.
        bounds: values that no difference can pass.
        whole: see ``difference_of``.

    Returns:
        The pairs (0, 1), (0, 2) … in this order.
    """
    places = list(combinations(range(len(matrices)), 2))
    pool = pool_of(matrices)
    differences = [difference_of(matrices[a], matrices[b], pool, bounds, whole) for a, b in places]
    different = holm([each.p_value for each in differences])
    within = holm([equivalence(each, margin) for each in differences])
    found = zip(places, differences, different, within)
    return tuple(Pair(a, b, difference, p, q, sign) for (a, b), difference, p, q in found)


def equivalence(difference: Difference, margin: float) -> float:
    """The p-value of "the difference is larger than the margin": two one-sided t-tests, the larger p-value of both.

    Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15(6):657–680. "No difference is shown" is not
    "there is none": only this test may call two configurations equivalent.
    """
    from scipy.stats import t

    if margin <= 0:
        return 1.0
    if difference.constant:  # no variance to estimate: as far as the interval goes
        inside = -margin < difference.interval.low and difference.interval.high < margin
        return 0.0 if inside else 1.0
    error, freedom = math.sqrt(difference.variance.total), difference.variance.freedom
    above = float(t.sf((difference.value + margin) / error, freedom))
    below = float(t.sf((margin - difference.value) / error, freedom))
    return max(above, below)
