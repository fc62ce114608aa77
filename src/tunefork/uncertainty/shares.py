"""The interval of one share, such as the accuracy of one model on n rows."""

from __future__ import annotations

import math

from tunefork.uncertainty.estimates import LEVEL, Interval


def wilson(correct: int, n: int) -> Interval:
    """The 95 % interval of a share, ``correct`` of ``n``. Right for few rows and shares near 0 and 1 too.

    Wilson 1927, JASA 22(158):209–212.

    >>> interval = wilson(89, 100)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.8137, 0.9375)
    """
    from scipy.stats import norm

    if n == 0:
        return Interval(0.0, 1.0)
    z = float(norm.ppf(0.5 + LEVEL / 2))
    share = correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))
