"""What a search gives for its budget: the best of so many trials.

Dodge et al. 2019, "Show Your Work: Improved Reporting of Experimental Results" (arXiv 1909.03004), equations 4 to 6:
for trials drawn independently from one space, the expected best of n of them follows from all that were made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def expected_best(values: Sequence[float], highest: bool = True) -> NDArray[np.float64]:
    """The expected best of 1, 2, … N trials, [N], from N that were drawn independently.

    The largest of n draws with replacement lies at or below v with probability P(V ≤ v)ⁿ (equation 4); its mean is the
    sum of v · (P(V ≤ v)ⁿ − P(V < v)ⁿ) (equation 6).

    >>> expected_best([0.5, 0.9, 0.7]).round(3).tolist()
    [0.7, 0.789, 0.833]

    Args:
        values: what the trials gave; NaN for one that gave nothing, which counts as the worst of the others.
        highest: whether more is better.
    """
    sign = 1.0 if highest else -1.0
    own = sign * np.asarray(values, dtype=np.float64)
    ordered = np.sort(np.where(np.isnan(own), np.nanmin(own), own))
    count = len(ordered)
    below = np.arange(count + 1) / count
    draws = np.arange(1, count + 1)[:, None]
    weights = np.diff(below[None, :] ** draws, axis=1)
    return np.asarray(sign * (weights @ ordered))


def best_so_far(values: Sequence[float], highest: bool = True) -> NDArray[np.float64]:
    """The best of the first 1, 2, … N trials, [N], in the order in which they were made; NaN while there is none.

    >>> best_so_far([0.5, float("nan"), 0.9, 0.7]).tolist()
    [0.5, 0.5, 0.9, 0.9]
    """
    sign = 1.0 if highest else -1.0
    found = np.fmax.accumulate(sign * np.asarray(values, dtype=np.float64))
    return np.asarray(sign * found)
