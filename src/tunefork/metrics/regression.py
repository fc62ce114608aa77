"""A number of a row: metrics from answers and the numbers themselves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics.figures import Metrics


def score_numbers(answers: NDArray[np.floating], labels: NDArray[np.floating]) -> Metrics:
    """The ``Metrics`` of numbers, of [N, 1] answers against [N] numbers, in the same unit.

    R² is scikit-learn's, but NaN where all numbers are alike; correlations are SciPy's, NaN where either side is.

    >>> found = score_numbers(np.array([[1.0], [3.0]]), np.array([1.0, 2.0]))
    >>> found.mae, found.r2, round(found.pearson, 4)
    (0.5, -1.0, 1.0)
    """
    said, true = answers[:, 0].astype(np.float64), labels.astype(np.float64)
    errors = said - true
    squared = float(np.square(errors).mean())
    spread = float(true.var())
    related = bool(np.isfinite(said).all()) and len(np.unique(said)) > 1 and len(np.unique(true)) > 1
    return Metrics(
        loss=squared,
        rmse=math.sqrt(squared),
        mae=float(np.abs(errors).mean()),
        r2=1 - squared / spread if spread > 0 else math.nan,
        pearson=_pearson(said, true) if related else math.nan,
        spearman=_spearman(said, true) if related else math.nan,
    )


def mean_number(train: NDArray[np.floating], test: NDArray[np.floating]) -> Metrics:
    """What always answering the mean of the training rows scores on test.

    >>> mean_number(np.array([1.0, 3.0]), np.array([2.0, 4.0])).mae
    1.0
    """
    return score_numbers(np.full((len(test), 1), float(train.mean())), test)


def _pearson(said: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    return float(np.corrcoef(said, true)[0, 1])


def _spearman(said: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    return _pearson(rankdata(said), rankdata(true))
