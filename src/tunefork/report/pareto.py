"""What is worth its cost: configurations that no other one beats on the metric without costing more."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunefork.report.judged import judged_value, measured
from tunefork.report.recommending import memory, seconds, trainable
from tunefork.report.summary import ConfigurationSummary, Summary


@dataclass(frozen=True)
class Cost:
    """Something that a configuration costs."""

    name: str
    """For files and programs."""
    title: str
    less: str
    """Having less of it, in words."""
    of: Callable[[ConfigurationSummary], float | None]


COSTS = (
    Cost("parameters", "trainable parameters", "fewer trainable parameters", trainable),
    Cost("time", "time of one run", "less time", seconds),
    Cost("memory", "peak memory", "less memory", memory),
)


@dataclass(frozen=True, eq=False)
class Front:
    """The configurations of a study against one cost."""

    cost: Cost
    shown: tuple[ConfigurationSummary, ...]
    """Those whose metric and cost are known."""
    costs: tuple[float, ...]
    values: tuple[float, ...]
    """The metric."""
    kept: tuple[bool, ...]
    """Which are undominated."""

    @property
    def undominated(self) -> tuple[ConfigurationSummary, ...]:
        """The front, cheapest first."""
        found = sorted((cost, place) for place, cost in enumerate(self.costs) if self.kept[place])
        return tuple(self.shown[place] for _, place in found)


def fronts(summary: Summary) -> tuple[Front, ...]:
    """One front per cost that is known of two configurations or more, and is not the same for all."""
    found = []
    for cost in COSTS:
        known = [(one, own) for one in measured(summary) if (own := cost.of(one)) is not None and own > 0]
        costs = [own for _, own in known]
        values = [value for one, _ in known if (value := judged_value(one, summary)) is not None]
        if len(set(costs)) > 1:
            shown = tuple(one for one, _ in known)
            kept = undominated(costs, [summary.sign * value for value in values])
            found.append(Front(cost, shown, tuple(costs), tuple(values), tuple(kept)))
    return tuple(found)


def undominated(costs: Sequence[float], values: Sequence[float]) -> list[bool]:
    """Which points no other point dominates: at most as costly and at least as high, and one of the two strictly.

    Point estimates alone decide. Values that differ in the order of summation only are equal.

    >>> undominated([1, 2, 3, 3], [0.5, 0.7, 0.6, 0.7])
    [True, True, False, False]
    """
    found = []
    for cost, value in zip(costs, values):
        found.append(
            not any(
                (other <= cost and better >= value - 1e-12)
                and (other < cost or (better > value and not math.isclose(better, value, abs_tol=1e-12)))
                for other, better in zip(costs, values)
            )
        )
    return found
