"""What a difference in accuracy is worth: intervals and tests that count both test rows and seeds.

Everything works on correctness matrices [seeds, rows]: whether a configuration's run with that seed got that test row
right. All configurations answer the same rows, so comparisons are paired by row.

* Wilson's interval for one share: Wilson 1927, JASA 22(158):209–212.
* Pairing by row: Miller 2024, "Adding Error Bars to Evals", arXiv 2411.00640, section 4.
* Why seeds must be counted beside rows: Bouthillier et al. 2021, "Accounting for Variance in Machine Learning
  Benchmarks", arXiv 2103.03098.
* Degrees of freedom of a sum of variances: Satterthwaite 1946, Biometrics Bulletin 2(6):110–114.
* Several comparisons at once: Holm 1979, Scandinavian Journal of Statistics 6(2):65–70.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
Matrix = NDArray[np.bool_]


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval. ``seeds_counted`` is False when the interval knows rows only."""

    value: float
    interval: Interval
    seeds_counted: bool


@dataclass(frozen=True)
class Difference(Estimate):
    """A difference of means with its interval, and the p-value of "there is none" (two-sided)."""

    p_value: float
    degrees_of_freedom: float


def wilson(correct: int, n: int) -> Interval:
    """The 95 % interval of a share, ``correct`` of ``n``. Right for few rows and shares near 0 and 1 too.

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


def mean_accuracy(correct: Matrix) -> Estimate:
    """The mean accuracy of a [seeds, rows] matrix.

    One seed: Wilson's interval. Several: variance = row variance of the seed-averaged correctness / rows + variance of
    the seeds' accuracies / seeds, Student's t with Satterthwaite's degrees of freedom. What a single answer varies by
    chance is in both terms, so the interval is a little too wide rather than too narrow.
    """
    seeds, rows = correct.shape
    value = float(correct.mean()) if rows else math.nan
    if seeds < 2 or rows < 2:
        return Estimate(value, wilson(round(value * rows) if rows else 0, rows), False)
    parts = [(float(correct.mean(axis=0).var(ddof=1)) / rows, rows - 1), _seed_part(correct)]
    half = _quantile(_freedom(parts)) * math.sqrt(sum(variance for variance, _ in parts))
    if half == 0:  # all right or all wrong: only Wilson knows that another row may differ
        return Estimate(value, wilson(round(value * rows), rows), False)
    return Estimate(value, Interval(max(0.0, value - half), min(1.0, value + half)), True)


def paired_difference(a: Matrix, b: Matrix) -> Difference:
    """Mean accuracy of ``a`` minus that of ``b``, on the same test rows.

    With d_r the difference of the seed-averaged correctness in row r, n rows, and s² the variance of accuracies over
    seeds: variance = var(d) / n + s²_a / S_a + s²_b / S_b. The seeds' terms are there when both sides have at least two
    seeds. With one seed on each side this is the paired t-test over rows, which says nothing on what another seed does.
    Where every row has the same difference there is no variance to estimate: the p-value is then the sign test's, and
    the interval as wide as Wilson's for rows without an exception.

    Args:
        a, b: [seeds, rows], with as many rows, in the same order.

    Raises:
        ValueError: another number of rows, or none.
    """
    from scipy.stats import t

    if a.shape[1] != b.shape[1] or a.shape[1] == 0:
        raise ValueError(f"both sides must answer the same rows but got {a.shape[1]} and {b.shape[1]}")
    rows = a.shape[1]
    by_row = a.mean(axis=0) - b.mean(axis=0)
    value = float(by_row.mean())
    if rows < 2:
        return Difference(value, Interval(-1.0, 1.0), False, 1.0, 0.0)
    parts = [(float(by_row.var(ddof=1)) / rows, rows - 1)]
    counted = min(len(a), len(b)) >= 2
    if counted:
        parts += [_seed_part(a), _seed_part(b)]
    error = math.sqrt(sum(variance for variance, _ in parts))
    freedom = _freedom(parts)
    if error == 0:
        return _constant(value, rows, counted, freedom)
    half = _quantile(freedom) * error
    p_value = float(2 * t.sf(abs(value) / error, freedom))
    return Difference(value, Interval(max(-1.0, value - half), min(1.0, value + half)), counted, p_value, freedom)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: below 0.05 is a finding though several were looked for.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def macro_f1(predicted: NDArray[np.int64], labels: NDArray[np.int64], classes: int, draws: int = 200) -> Estimate:
    """Mean macro F1 over seeds of a [seeds, rows] matrix of predictions, with an interval.

    The rows' part of the variance is a bootstrap's (each draw weights the rows by Poisson(1) counts, the same for all
    seeds; the generator has a fixed seed, so equal input gives equal output), the seeds' part s² / S. Normal quantile
    for one seed, Student's t with Satterthwaite's degrees of freedom otherwise.
    """
    seeds, rows = predicted.shape
    ones = np.ones((1, rows))
    scores = np.array([_macro_f1(ones, answers, labels, classes)[0] for answers in predicted])
    if rows < 2:
        return Estimate(float(scores.mean()), Interval(0.0, 1.0), False)
    weights = np.random.default_rng(0).poisson(1.0, (draws, rows)).astype(np.float64)
    drawn = np.mean([_macro_f1(weights, answers, labels, classes) for answers in predicted], axis=0)
    parts: list[tuple[float, float]] = [(float(drawn.var(ddof=1)), rows - 1)]
    if seeds >= 2:
        parts.append((float(scores.var(ddof=1)) / seeds, seeds - 1))
    half = _quantile(_freedom(parts)) * math.sqrt(sum(variance for variance, _ in parts))
    value = float(scores.mean())
    return Estimate(value, Interval(max(0.0, value - half), min(1.0, value + half)), seeds >= 2)


def _constant(value: float, rows: int, counted: bool, freedom: float) -> Difference:
    slack = 1 - wilson(rows, rows).low
    interval = Interval(max(-1.0, value - slack), min(1.0, value + slack))
    return Difference(value, interval, counted, 1.0 if value == 0 else 2.0 ** (1 - rows), freedom)


def _macro_f1(
    weights: NDArray[np.float64], predicted: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """[D] macro F1 of the rows under [D, rows] weights; a class neither said nor there counts 0, as in metrics."""
    right, scores = predicted == labels, np.empty(len(weights))
    for draw, weight in enumerate(weights):
        hits = np.bincount(labels, weight * right, classes)
        total = np.bincount(labels, weight, classes) + np.bincount(predicted, weight, classes)
        scores[draw] = np.divide(2 * hits, total, out=np.zeros(classes), where=total > 0).mean()
    return scores


def _seed_part(correct: Matrix) -> tuple[float, float]:
    """The seeds' part of the variance of a mean accuracy, and its degrees of freedom."""
    return float(correct.mean(axis=1).var(ddof=1)) / len(correct), len(correct) - 1


def _freedom(parts: Sequence[tuple[float, float]]) -> float:
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return parts[0][1]
    return total**2 / sum(variance**2 / freedom for variance, freedom in parts)


def _quantile(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + LEVEL / 2, freedom))
