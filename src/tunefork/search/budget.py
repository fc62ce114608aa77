"""A wall-clock budget: what fits into it, decided before anything trains, from times that were measured here.

Three parts in ten go to the search, six to final runs; the rest is for what was estimated wrongly. Every arm gets the
same time, not the same number of trials: cheap ways of training are tried more often (Dodge et al. 2019, section 5, on
why equal numbers of trials are not equal budgets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SEARCH, FINAL = 0.3, 0.6
"""Shares of the budget."""
TEST, VALIDATION, PREFIX = 0.03, 0.006, 0.12
"""Shares that one pass over the test rows, over the validation rows and over the training rows may take."""
FEWEST_TEST, FEWEST_VALIDATION, FEWEST_TRAIN = 500, 200, 400
"""Rows that are kept however little time there is."""
PARTS = 9
"""Evaluations of a training; trials are compared after one of them, the better third after three."""
FACTOR = 3
MOST_TRIALS = 16
"""Of one arm; more hardly change what is found."""


@dataclass(frozen=True)
class Cost:
    """What an arm costs on this machine."""

    step: float
    """Seconds of one optimizer step of a run on its own."""
    row: float
    """Seconds of evaluating one row."""
    prefix: float = 0.0
    """Seconds of taking one row through the frozen blocks, which happens once for each row."""

    @property
    def whole_row(self) -> float:
        """Seconds of taking one row through the whole model."""
        return self.row + self.prefix


@dataclass(frozen=True)
class Allocation:
    """How a budget is spent."""

    rows: dict[str, int]
    """Kept of each split."""
    epochs: dict[str, float]
    """Of a training of each arm, by its key."""
    trials: dict[str, int]
    """Of each arm."""
    share: float
    """How much of its training a trial makes at most."""
    seconds: dict[str, float]
    """Of one final run of each arm, as estimated."""

    def written(self) -> dict[str, Any]:
        """As the store keeps it."""
        return asdict(self)


def kept_rows(rows: Mapping[str, int], costs: Sequence[Cost], seconds: float) -> dict[str, int]:
    """How many rows of each split there is time for: as many as can be passed through the model once.

    >>> kept_rows({"train": 20_000, "validation": 2_000, "test": 25_000}, [Cost(0.5, 0.01)], 600)
    {'train': 7200, 'validation': 360, 'test': 1800}

    Args:
        rows: that there are, by split.
        costs: of every arm.
        seconds: that are left.
    """
    row = max(cost.whole_row for cost in costs)
    shares = {
        "train": (PREFIX, FEWEST_TRAIN), "validation": (VALIDATION, FEWEST_VALIDATION), "test": (TEST, FEWEST_TEST),
    }  # fmt: skip
    return {
        split: min(count, max(shares[split][1], int(shares[split][0] * seconds / row + 1e-6)))
        for split, count in rows.items()
    }


def allocate(
    rows: Mapping[str, int], costs: Mapping[str, Cost], seconds: float, epochs: float, batch: int
) -> Allocation:
    """How a budget is spent on these arms.

    A training lasts as long as was asked for, or as one final run may: a slow arm then makes fewer epochs, and gets
    the same time. Trials go a third of the way where every arm has time for one such trial, else a ninth.

    Args:
        rows: that are kept, by split.
        costs: of every arm, by its key.
        seconds: that are left.
        epochs: that were asked for.
        batch: rows of an optimizer step.
    """
    train, validation, test = (rows.get(split, 0) for split in ("train", "validation", "test"))
    lasting, took = {}, {}
    for key, cost in costs.items():
        once = cost.prefix * sum(rows.values()) + test * cost.row + PARTS * validation * cost.row
        epoch = -(-train // batch) * cost.step
        lasting[key] = max(min(epochs, (FINAL * seconds - once) / epoch), min(epochs, PARTS * batch / train))
        took[key] = once + lasting[key] * epoch
    part = sum(_trial(took[key], costs[key], rows, 1 / FACTOR) for key in costs)
    share = 1 / FACTOR if part <= SEARCH * seconds else 1 / PARTS
    trials, left = {}, SEARCH * seconds
    cheap_first = sorted(costs, key=lambda key: took[key])
    for place, key in enumerate(cheap_first):  # what a cheap arm leaves goes to those that come later
        one = _trial(took[key], costs[key], rows, share) * (_LADDER if share > 1 / PARTS else 1.0)
        own = left / (len(cheap_first) - place)
        trials[key] = max(1, min(MOST_TRIALS, int(own / one)))
        left -= trials[key] * one
    return Allocation(dict(rows), lasting, {key: trials[key] for key in costs}, share, took)


_LADDER = 5 / 9
"""The cost of a trial that may be given up after a third of its way, of one that never is: 1/3 + 1/3 · 2/3."""


def _trial(whole: float, cost: Cost, rows: Mapping[str, int], share: float) -> float:
    """Seconds of one trial that goes so far; the frozen blocks are passed once, whoever is first."""
    once = cost.prefix * sum(rows.values()) + rows.get("test", 0) * cost.row
    return max(whole - once, 1e-3) * share


def next_runs(
    ranked: Sequence[str],
    seeds: Sequence[int],
    done: Sequence[tuple[str, int]],
    seconds: Mapping[str, float],
    left: float,
) -> list[tuple[str, int]]:
    """Final runs that there is time for: arms by rank, and seeds.

    First the best arm, then the best two seed by seed, then the others by rank. The first run is made in any case.

    >>> next_runs(["a", "b", "c"], [0, 1], [], {"a": 10, "b": 10, "c": 10}, 45)
    [('a', 0), ('b', 0), ('a', 1), ('b', 1)]
    """
    order = [(arm, seed) for seed in seeds for arm in ranked[:2]]
    order += [(arm, seed) for arm in ranked[2:] for seed in seeds]
    found: list[tuple[str, int]] = []
    for run in order:
        if run in done:
            continue
        if left < seconds[run[0]] and (found or done):
            break
        found.append(run)
        left -= seconds[run[0]]
    return found
