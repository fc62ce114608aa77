"""What a difference is worth: intervals, tests and power that count test rows and seeds."""

from tunefork.uncertainty.best_of import best_so_far, expected_best
from tunefork.uncertainty.estimates import LEVEL, Difference, Estimate, Interval, Pool, Variance
from tunefork.uncertainty.family import holm
from tunefork.uncertainty.pairs import MARGIN, SIGNIFICANT, Outcome, Pair, compare, equivalence
from tunefork.uncertainty.power import detectable, rows_needed, seeds_needed
from tunefork.uncertainty.saved import mcnemar
from tunefork.uncertainty.shares import wilson
from tunefork.uncertainty.two_way import Matrix, difference_of, mean_of, pool_of, unsteady

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
    "best_so_far",
    "compare",
    "detectable",
    "difference_of",
    "equivalence",
    "expected_best",
    "holm",
    "mcnemar",
    "mean_of",
    "pool_of",
    "rows_needed",
    "seeds_needed",
    "unsteady",
    "wilson",
]
