"""Means and paired differences whose intervals count test rows and seeds: the two-way random-effects model.

A configuration's scores are a matrix X [S seeds, n rows]: whether a run got a row right, or what the row contributes to
another metric (``tunefork.uncertainty.contributions``). Rows and seeds are both samples:
x_sr = μ + seed_s + row_r + e_sr. The mean of such a matrix varies by

    Var(x̄) = MS_rows / (n S) + MS_seeds / (n S) − MS_error / (n S)

(Searle, Casella and McCulloch 1992, "Variance Components", section 4.3; Brennan 2001, "Generalizability Theory",
equation 2.36): the first two both hold the error's part, so it is taken off once. Its degrees of freedom are
Satterthwaite's (1946, Biometrics Bulletin 2(6):110–114, equation 17). All configurations answer the same rows, so
comparisons are paired by row (Miller 2024, arXiv 2411.00640, section 4). Why seeds must be counted beside rows:
Bouthillier et al. 2021, arXiv 2103.03098.

Three seeds that happen to agree look as if seeds did nothing, and among many comparisons some always do. So a
configuration's variance over seeds never counts as smaller than the mean of the study's configurations, whose degrees
of freedom then hold (a one-sided form of what Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3(1):3, does for genes). In
simulated studies (``benchmarks/coverage.py``) this keeps the error of a family of nine below 5 % at three seeds, where
each configuration's own variance gave 7 to 8 %, and finds more; pooling in both directions gave up to 13 %. A
configuration that collapses with some seeds says nothing of the others: its variance stays its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunefork.uncertainty.estimates import LEVEL, Difference, Estimate, Interval, Pool, Variance
from tunefork.uncertainty.shares import wilson

Matrix = NDArray[np.floating] | NDArray[np.bool_]
OUTLYING = 0.001
"""The level at which a configuration's variance over seeds is too large to speak for the others."""


def pool_of(matrices: Sequence[Matrix]) -> Pool | None:
    """What seeds do on average in a study's configurations; None where none has two seeds.

    Left out are configurations whose seeds differ more than chance allows beside the others': the largest variance is
    held against the mean of the rest by an F test at ``OUTLYING``, again and again while one is left out.

    >>> pool_of([np.eye(2), np.ones((3, 2))])
    Pool(variance=0.0, freedom=3)
    """
    known = [matrix for matrix in matrices if len(matrix) > 1 and matrix.shape[1]]
    if not known:
        return None
    left_out = unsteady(known)
    found = [
        (float(matrix.mean(axis=1).var(ddof=1)), len(matrix) - 1)
        for number, matrix in enumerate(known)
        if number not in left_out
    ]
    return Pool(math.fsum(variance for variance, _ in found) / len(found), sum(freedom for _, freedom in found))


def unsteady(matrices: Sequence[Matrix]) -> list[int]:
    """Which of a study's configurations have seeds that differ more than chance allows beside the others', by number.

    >>> steady = [np.random.default_rng(0).permuted(np.arange(100)[None] < [[80], [81], [82]], axis=1)] * 5
    >>> unsteady([*steady, np.arange(100)[None] < [[80], [82], [20]]])
    [5]
    """
    from scipy.stats import f

    found = sorted(
        (float(matrix.mean(axis=1).var(ddof=1)), len(matrix) - 1, number)
        for number, matrix in enumerate(matrices)
        if len(matrix) > 1 and matrix.shape[1]
    )
    out = []
    while len(found) > 2:
        *rest, (largest, own, number) = found
        mean = math.fsum(variance for variance, _, _ in rest) / len(rest)
        if mean == 0 or largest <= mean * f.isf(OUTLYING, own, sum(freedom for _, freedom, _ in rest)):
            break
        out.append(number)
        found = rest
    return sorted(out)


def mean_of(scores: Matrix, pool: Pool | None = None, bounds: tuple[float, float] = (0.0, 1.0)) -> Estimate:
    """The mean of a matrix [seeds, rows] with its interval.

    One seed: Student's t over rows, for right and wrong Wilson's interval.

    Args:
        scores: of one configuration.
        pool: what seeds do in all configurations of the study.
        bounds: values that no mean can pass; the interval is cut there.

    >>> round(mean_of(np.array([[1, 0, 1, 1], [1, 1, 1, 0]]) > 0).value, 2)
    0.75
    """
    seeds, rows = scores.shape
    values = scores.astype(np.float64)
    value = float(values.mean()) if rows else math.nan
    shares = scores.dtype == np.bool_
    if rows < 2:
        return Estimate(value, wilson(round(value * rows) if rows else 0, rows) if shares else Interval(*bounds), False)
    variance = _variance([values], values.mean(axis=0), pool)
    if shares and (seeds < 2 or variance.total == 0):  # all right or all wrong: only Wilson knows of another row
        return Estimate(value, wilson(round(value * rows), rows), False)
    half = quantile(variance.freedom) * math.sqrt(variance.total)
    interval = Interval(max(bounds[0], value - half), min(bounds[1], value + half))
    return Estimate(value, interval, variance.counted)


def difference_of(
    a: Matrix, b: Matrix, pool: Pool | None = None, bounds: tuple[float, float] = (-1.0, 1.0), whole: float = 1.0
) -> Difference:
    """The mean of ``a`` minus that of ``b``, on the same test rows.

    The rows' part is the variance of the seed-averaged differences by row, the seeds' parts are those of both sides;
    they count when both sides have at least two seeds. With one seed on each side this is the paired t-test over rows,
    which says nothing of what another seed does. Where every row has the same difference there is no variance to
    estimate: the p-value is then the sign test's, and the interval as wide as Wilson's for rows without an exception.

    Args:
        a, b: [seeds, rows], with as many rows, in the same order.
        pool: what seeds do in all configurations of the study.
        bounds: values that no difference can pass.
        whole: how far one row may lie from all others that have the same difference: for shares 1, for errors in a
            unit of their own a number of that size, such as the standard deviation of what is predicted.

    Raises:
        ValueError: another number of rows, or none.
    """
    from scipy.stats import t

    if a.shape[1] != b.shape[1] or a.shape[1] == 0:
        raise ValueError(f"both sides must answer the same rows but got {a.shape[1]} and {b.shape[1]}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    by_row = a.mean(axis=0) - b.mean(axis=0)
    value, rows = float(by_row.mean()), a.shape[1]
    if rows < 2:
        nothing = Variance(0.0, 0.0, 0.0, 0.0, 0.0, False)
        return Difference(value, Interval(*bounds), False, 1.0, nothing, True)
    variance = _variance([a, b], by_row, pool)
    if variance.total == 0:
        slack = whole * (1 - wilson(rows, rows).low)
        interval = Interval(max(bounds[0], value - slack), min(bounds[1], value + slack))
        p_value = 1.0 if value == 0 else 2.0 ** (1 - rows)
        return Difference(value, interval, variance.counted, p_value, variance, True)
    error = math.sqrt(variance.total)
    half = quantile(variance.freedom) * error
    interval = Interval(max(bounds[0], value - half), min(bounds[1], value + half))
    p_value = float(2 * t.sf(abs(value) / error, variance.freedom))
    return Difference(value, interval, variance.counted, p_value, variance)


def quantile(freedom: float, level: float = LEVEL) -> float:
    """Student's t for a two-sided interval.

    >>> round(quantile(10), 3)
    2.228
    """
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, freedom))


def _variance(sides: Sequence[NDArray[np.float64]], by_row: NDArray[np.float64], pool: Pool | None) -> Variance:
    rows = len(by_row)
    part = float(by_row.var(ddof=1)) / rows
    if min(len(side) for side in sides) < 2:
        return Variance(part, 0.0, 0.0, part, rows - 1, False)
    seeds = [_seeds(side, pool) for side in sides]
    errors = [(_error(side) / side.size, (len(side) - 1) * (rows - 1)) for side in sides]
    by_seeds, shared = sum(each for each, _ in seeds), sum(each for each, _ in errors)
    total = part + max(0.0, by_seeds - shared)  # seeds that do nothing but answer anew add nothing
    squares = sum(each**2 / freedom for each, freedom in [(part, rows - 1), *seeds, *errors])
    return Variance(part, by_seeds, shared, total, total**2 / squares if squares else rows - 1, True)


def _seeds(side: NDArray[np.float64], pool: Pool | None) -> tuple[float, float]:
    """The seeds' part of the variance of a mean, and its degrees of freedom."""
    own, freedom = float(side.mean(axis=1).var(ddof=1)), float(len(side) - 1)
    if pool is not None and pool.variance > own:
        own, freedom = pool.variance, pool.freedom
    return own / len(side), freedom


def _error(side: NDArray[np.float64]) -> float:
    """The mean square of what neither row nor seed explains."""
    left: NDArray[np.float64] = side - side.mean(axis=0) - side.mean(axis=1, keepdims=True) + side.mean()
    return float(np.square(left).sum() / ((side.shape[0] - 1) * (side.shape[1] - 1)))
