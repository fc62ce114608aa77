"""What a study can find, before it runs; and what it would take to decide what it could not.

A test finds a difference δ when it lies beyond t √V̂ of what is observed. With few seeds V̂ and its degrees of freedom
are themselves uncertain, and textbook formulas promise too much. So both are drawn as the study would draw them (V̂'s
parts are χ² variables), and δ is the 80th of 100 distances that are needed (Cohen 1988, "Statistical Power Analysis",
defines the power; 0.8 is his convention). The generator's seed is fixed, so equal input gives equal output.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tunefork.uncertainty.estimates import Difference
from tunefork.uncertainty.pairs import SIGNIFICANT

POWER = 0.8
"""How often a study that is large enough finds what is there."""
MOST = 64
"""More seeds than this nobody runs."""
DRAWS = 4000


@dataclass(frozen=True)
class Assumed:
    """How two configurations differ where nothing has been measured yet."""

    disagree: float = 0.10
    """The share of rows that exactly one of two runs of different configurations gets right."""
    churn: float = 0.06
    """The same for two seeds of one configuration."""
    spread: float = 0.005
    """The standard deviation of a configuration's accuracy over seeds, beside what churn alone makes of it."""


ASSUMED = Assumed()


def detectable(rows: int, seeds: int, configurations: int = 2, assumed: Assumed = ASSUMED) -> float:
    """The smallest difference of accuracies of two configurations that a study finds in 80 of 100 cases.

    One seed counts rows only.

    Args:
        rows: test rows.
        seeds: of each configuration.
        configurations: in the study; all pairs of them are compared.
        assumed: how configurations differ.

    >>> round(detectable(872, 5), 3), round(detectable(872, 5, configurations=9), 3)
    (0.024, 0.036)
    """
    churn = assumed.churn / rows
    fixed, spread = (assumed.disagree - assumed.churn) / rows, assumed.spread**2
    return _distance(_World(rows, seeds, configurations, fixed, spread, churn / 2), 2)


def seeds_needed(difference: Difference, rows: int, seeds: int, configurations: int, margin: float) -> int | None:
    """How many seeds of each configuration would decide the pair, were the difference as it is now.

    None where no number of seeds does, or where there are too few to judge.
    """
    world = _world(difference, rows, seeds, configurations)
    if world is None:
        return None
    return _smallest(lambda count: _decides(difference, replace(world, seeds=count), margin), seeds, MOST)


def rows_needed(difference: Difference, rows: int, seeds: int, configurations: int, margin: float) -> int | None:
    """How many test rows would decide the pair, were the difference as it is now and the seeds as many; to 2 %.

    None where no number of rows does, since seeds alone differ by more, or where there are too few seeds to judge.
    """
    world = _world(difference, rows, seeds, configurations)
    if world is None:
        return None
    return _smallest(lambda count: _decides(difference, world.with_rows(count), margin), rows, 1000 * rows)


@dataclass(frozen=True)
class _World:
    """What makes two means differ by chance."""

    rows: int
    seeds: int
    configurations: int
    fixed: float
    """The variance of a difference that rows make and more seeds do not mend."""
    spread: float
    """The variance that a seed makes and more rows do not mend."""
    chance: float
    """The variance that a single run's answers make and that both mend."""

    def with_rows(self, count: int) -> _World:
        """The same with another number of rows."""
        share = self.rows / count
        return replace(self, rows=count, fixed=self.fixed * share, chance=self.chance * share)


def _world(difference: Difference, rows: int, seeds: int, configurations: int) -> _World | None:
    variance = difference.variance
    if not variance.counted or difference.constant:
        return None
    spread = max(0.0, variance.seeds - variance.shared) * seeds / 2
    return _World(
        rows, seeds, configurations, max(0.0, variance.rows - variance.shared), spread, variance.shared * seeds / 2
    )


def _decides(difference: Difference, world: _World, margin: float) -> bool:
    """Whether a difference beyond the margin would be shown to be one, or one within it to be within it."""
    size = abs(difference.value)
    return size > _distance(world, 2) if size > margin else margin - size > _distance(world, 1)


def _distance(world: _World, sides: int) -> float:
    """How large a difference must be for a test with one or two sides to find it as often as ``POWER`` says."""
    from scipy.stats import t

    random = np.random.default_rng(0)
    seeds, noise = world.seeds, random.normal(size=DRAWS)
    by_rows = world.fixed + 2 * world.chance / seeds
    part = by_rows * random.chisquare(world.rows - 1, DRAWS) / (world.rows - 1)
    total, squares, true = part, part**2 / (world.rows - 1), by_rows
    if seeds > 1:
        own = random.chisquare(seeds - 1, (max(2, world.configurations), DRAWS)) / (seeds - 1)
        own *= world.spread + world.chance
        pooled = own.mean(axis=0)
        taken = np.maximum(own[:2], pooled) / seeds
        freedom = np.where(own[:2] < pooled, len(own) * (seeds - 1.0), seeds - 1.0)
        total = part + np.maximum(0.0, taken.sum(axis=0) - 2 * world.chance / seeds)
        squares = squares + (taken**2 / freedom).sum(axis=0)
        true += 2 * world.spread / seeds
    limits = t.isf(SIGNIFICANT / sides / math.comb(world.configurations, 2), total**2 / squares)
    return float(np.quantile(limits * np.sqrt(total) + noise * math.sqrt(true), POWER))


def _smallest(decided: Callable[[int], bool], low: int, high: int) -> int | None:
    """The smallest number above ``low`` that decides, where larger ones decide as well; to 2 % where it is large."""
    if not decided(high):
        return None
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high
