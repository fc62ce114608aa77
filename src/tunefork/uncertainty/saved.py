"""Two saved models, not two methods: rows alone are the sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mcnemar(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """The two-sided p-value of "both models are right equally often", from the rows on which one is right.

    McNemar 1947, Psychometrika 12(2):153–157; here exact, by the binomial distribution.

    Args:
        a, b: [rows] whether each model is right.

    >>> mcnemar(np.array([True] * 6 + [False]), np.array([False] * 6 + [True]))
    0.125
    """
    from scipy.stats import binomtest

    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
