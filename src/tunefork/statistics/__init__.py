"""What a difference is worth: intervals, tests and power that count test rows and seeds."""

from tunefork.statistics.estimates import LEVEL, Difference, Estimate, Interval, Pool, Variance
from tunefork.statistics.family import holm
from tunefork.statistics.pairs import MARGIN, SIGNIFICANT, Outcome, Pair, compare, equivalence
from tunefork.statistics.power import detectable, rows_needed, seeds_needed
from tunefork.statistics.saved import mcnemar
from tunefork.statistics.shares import wilson
from tunefork.statistics.two_way import Matrix, difference_of, mean_of, pool_of

__all__ = [
    "LEVEL",
    "MARGIN",
    "SIGNIFICANT",
    "Difference",
    "Estimate",
    "Interval",
    "Matrix",
    "Outcome",
    "Pair",
    "Pool",
    "Variance",
    "compare",
    "detectable",
    "difference_of",
    "equivalence",
    "holm",
    "mcnemar",
    "mean_of",
    "pool_of",
    "rows_needed",
    "seeds_needed",
    "wilson",
]
