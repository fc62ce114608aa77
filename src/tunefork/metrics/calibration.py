"""Whether probabilities mean what they say: calibration error, reliability, and one temperature that mends it.

Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks", arXiv 1706.04599.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of confidence of equal width, as in Guo et al. 2017, table 1."""
COLDEST, HOTTEST = 0.05, 20.0
"""Between these a temperature is looked for."""


@dataclass(frozen=True)
class Bin:
    """The rows whose largest probability lies above ``low`` and not above ``high``."""

    low: float
    high: float
    count: int
    confidence: float
    """The mean of their largest probabilities; NaN where there are no rows."""
    accuracy: float
    """The share that is answered rightly; NaN where there are no rows."""


def softmax(logits: NDArray[np.floating], temperature: float | None = None) -> NDArray[np.float64]:
    """[N, C] logits, divided by the temperature where there is one → [N, C] probabilities, in float64.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    from scipy.special import softmax as stable

    return np.asarray(stable(logits.astype(np.float64) / (temperature or 1.0), axis=1))


def log_loss(logits: NDArray[np.floating], labels: NDArray[np.integer], temperature: float | None = None) -> float:
    """The mean cross-entropy in nats of [N, C] logits, divided by the temperature where there is one.

    >>> round(log_loss(np.array([[0.0, 0.0]]), np.array([1])), 4)
    0.6931
    """
    from scipy.special import log_softmax

    logs = log_softmax(logits.astype(np.float64) / (temperature or 1.0), axis=1)
    return float(-logs[np.arange(len(labels)), labels].mean())


def reliability(probabilities: NDArray[np.floating], labels: NDArray[np.integer], bins: int = BINS) -> tuple[Bin, ...]:
    """The rows by how sure they are answered: what a reliability diagram shows (Guo et al. 2017, equations 1 and 2).

    Args:
        probabilities: [N, C].
        labels: [N] class numbers.
        bins: how many, of equal width; bin m holds confidences in ((m − 1) / bins, m / bins].

    >>> [each.count for each in reliability(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]), bins=2)]
    [0, 2]
    """
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        count = int(inside.sum())
        confidence, accuracy = (float(each[inside].mean()) if count else math.nan for each in (sure, right))
        found.append(Bin(float(edges[number]), float(edges[number + 1]), count, confidence, accuracy))
    return tuple(found)


def calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.integer], bins: int = BINS) -> float:
    """The expected calibration error of [N, C] probabilities against [N] labels: see ``error_of``.

    >>> round(calibration_error(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]), bins=2), 2)
    0.3
    """
    return error_of(reliability(probabilities, labels, bins))


def error_of(bins: Sequence[Bin]) -> float:
    """|accuracy − confidence| of each bin, weighted by its rows (Guo et al. 2017, equation 3)."""
    filled = [each for each in bins if each.count]
    rows = sum(each.count for each in filled)
    return math.fsum(each.count * abs(each.accuracy - each.confidence) for each in filled) / rows


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float | None:
    """The temperature T for which softmax(logits / T) has the lowest log loss (Guo et al. 2017, section 4.2).

    The loss is convex in 1 / T, so a bounded search over log T finds it. None where it has no lowest point between
    ``COLDEST`` and ``HOTTEST``: rows that are all answered rightly would have the model ever surer, answers worse than
    guesses ever less sure, and neither says what its probabilities are worth.

    Args:
        logits: [N, C] of rows that were not trained on.
        labels: [N] class numbers.

    >>> random = np.random.default_rng(0)
    >>> logits = random.normal(size=(4000, 3))
    >>> labels = np.array([random.choice(3, p=each) for each in softmax(logits)])
    >>> round(fit_temperature(3 * logits, labels), 1)
    3.0
    """
    from scipy.optimize import minimize_scalar

    if not np.isfinite(logits).all() or (logits.argmax(axis=1) == labels).all():
        return None
    bounds = (math.log(COLDEST), math.log(HOTTEST))
    found = minimize_scalar(
        lambda each: log_loss(logits, labels, math.exp(each)), bounds=bounds, method="bounded", options={"xatol": 1e-6}
    )
    inside = bounds[0] + 1e-3 < found.x < bounds[1] - 1e-3
    return math.exp(found.x) if inside else None
