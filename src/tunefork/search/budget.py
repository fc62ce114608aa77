"""A wall-clock budget: what fits into it, from times that were measured here.

Three parts in ten go to the search, on few rows; the rest to final runs, on as many rows as the best arm has time for.
Every arm gets the same time for its trials, not the same number of them: cheap ways of training are tried more often
(Dodge et al. 2019, section 5, on why equal numbers of trials are not equal budgets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SEARCH = 0.3
"""The share of the budget that looks for settings."""
LONGEST = 0.7
"""The share of what is left behind it that one final run may take."""
TEST, VALIDATION, LOOKING = 0.03, 0.006, 0.04
"""Shares that one pass over the test rows, over the validation rows and over the search's training rows may take."""
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
    """How the search's time is spent."""

    rows: dict[str, int]
    """Kept of each split; of the training rows those that the search has."""
    epochs: dict[str, float]
    """Of a whole training of each arm on these rows, by its key."""
    trials: dict[str, int]
    """Of each arm."""
    share: float
    """How much of its training a trial makes at most."""

    def written(self) -> dict[str, Any]:
        """As the store keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Finals:
    """What final runs are trained on, and how long."""

    train: int
    """Training rows."""
    epochs: dict[str, float]
    """Of each arm, by its key."""
    seconds: dict[str, float]
    """Of one run of each arm, as estimated."""

    def written(self) -> dict[str, Any]:
        """As the store keeps it."""
        return asdict(self)


def kept_rows(rows: Mapping[str, int], costs: Sequence[Cost], seconds: float) -> dict[str, int]:
    """How many rows of each split there is time for while settings are looked for; of validation and test, ever.

    >>> kept_rows({"train": 20_000, "validation": 2_000, "test": 25_000}, [Cost(0.5, 0.01)], 600)
    {'train': 2400, 'validation': 360, 'test': 1800}

    Args:
        rows: that there are, by split.
        costs: of every arm.
        seconds: that are left.
    """
    row = max(cost.whole_row for cost in costs)
    shares = {
        "train": (LOOKING, FEWEST_TRAIN), "validation": (VALIDATION, FEWEST_VALIDATION), "test": (TEST, FEWEST_TEST),
    }  # fmt: skip
    return {
        split: min(count, max(shares[split][1], int(shares[split][0] * seconds / row + 1e-6)))
        for split, count in rows.items()
    }


def allocate(
    rows: Mapping[str, int], costs: Mapping[str, Cost], seconds: float, epochs: float, batch: int
) -> Allocation:
    """How the search of a budget is spent on these arms.

    Trials go a third of the way of a training where every arm has time for one such trial, else a ninth.

    Args:
        rows: that are kept, by split.
        costs: of every arm, by its key.
        seconds: that are left, of which the search gets its share.
        epochs: that were asked for.
        batch: rows of an optimizer step.
    """
    longest = LONGEST * (1 - SEARCH) * seconds
    lasting = {key: _epochs(cost, rows, longest, epochs, batch) for key, cost in costs.items()}
    looked_at = PARTS * rows.get("validation", 0)
    whole = {key: _steps(cost, rows, lasting[key], batch) + looked_at * cost.row for key, cost in costs.items()}
    passed = rows["train"] + rows.get("validation", 0)
    left = SEARCH * seconds - passed * sum(cost.prefix for cost in costs.values())
    share = 1 / FACTOR if sum(whole.values()) / FACTOR <= left else 1 / PARTS
    trials = {}
    cheap_first = sorted(costs, key=lambda key: whole[key])
    for place, key in enumerate(cheap_first):  # what a cheap arm leaves goes to those that come later
        one = max(whole[key], 1e-3) * share * (_LADDER if share > 1 / PARTS else 1.0)
        trials[key] = max(1, min(MOST_TRIALS, int(left / (len(cheap_first) - place) / one)))
        left -= trials[key] * one
    return Allocation(dict(rows), lasting, {key: trials[key] for key in costs}, share)


def finals(
    rows: Mapping[str, int], costs: Mapping[str, Cost], best: str, seconds: float, epochs: float, batch: int
) -> Finals:
    """What final runs are trained on: all rows where there is time, else as many as the best arm can use.

    More rows come before more epochs, unless epochs are cheap beside taking a row through the frozen blocks. Other arms
    get the same rows and the same time; one that is slower then makes fewer epochs, or a part of one.

    >>> finals({"train": 50_000, "test": 1000}, {"full": Cost(0.8, 0.01)}, "full", 400, 3, 16).train
    5400

    Args:
        rows: that there are of each split; of validation and test those that are kept.
        costs: of every arm, by its key.
        best: the arm that the search prefers.
        seconds: that are left.
        epochs: that were asked for.
        batch: rows of an optimizer step.
    """
    cost, longest = costs[best], LONGEST * seconds
    passing = epochs * cost.step / batch
    each = cost.prefix + (passing if passing <= cost.prefix else min(1.0, epochs) * cost.step / batch)
    room = longest - _once(cost, {**rows, "train": 0})
    train = min(rows["train"], max(FEWEST_TRAIN, int(room / each + 1e-6)))
    kept = {**rows, "train": train}
    lasting = {key: _epochs(own, kept, longest, epochs, batch) for key, own in costs.items()}
    took = {key: _once(own, kept) + _steps(own, kept, lasting[key], batch) for key, own in costs.items()}
    return Finals(train, lasting, took)


def _epochs(cost: Cost, rows: Mapping[str, int], longest: float, epochs: float, batch: int) -> float:
    """Epochs of a training that takes no longer; at least a step for each of its parts."""
    time = (longest - _once(cost, rows)) / _steps(cost, rows, 1.0, batch)
    return max(min(epochs, time), min(epochs, PARTS * batch / rows["train"]))


def _once(cost: Cost, rows: Mapping[str, int]) -> float:
    """Seconds of what a training does beside its steps: the frozen blocks' pass, and its evaluations."""
    evaluated = rows.get("test", 0) + PARTS * rows.get("validation", 0)
    return cost.prefix * sum(rows.values()) + cost.row * evaluated


def _steps(cost: Cost, rows: Mapping[str, int], epochs: float, batch: int) -> float:
    return epochs * -(-rows["train"] // batch) * cost.step


_LADDER = 5 / 9
"""The cost of a trial that may be given up after a third of its way, of one that never is: 1/3 + 1/3 · 2/3."""


def next_runs(
    ranked: Sequence[str],
    seeds: Sequence[int],
    done: Sequence[tuple[str, int]],
    seconds: Mapping[str, float],
    left: float,
) -> list[tuple[str, int]]:
    """Final runs that there is time for: arms by rank, and seeds.

    First the best arm, then the best two seed by seed, then the others by rank; what there is no time for is passed
    over. The first run is made in any case.

    >>> next_runs(["a", "b", "c"], [0, 1], [], {"a": 10, "b": 90, "c": 5}, 28)
    [('a', 0), ('a', 1), ('c', 0)]
    """
    order = [(arm, seed) for seed in seeds for arm in ranked[:2]]
    order += [(arm, seed) for arm in ranked[2:] for seed in seeds]
    found: list[tuple[str, int]] = []
    for run in order:
        if run in done or (left < seconds[run[0]] and (found or done)):
            continue
        found.append(run)
        left -= seconds[run[0]]
    return found
