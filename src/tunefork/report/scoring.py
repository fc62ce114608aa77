"""What each test row contributes to the metric that a verdict is about."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics import softmax
from tunefork.problem import Labels, Problem, problem_of
from tunefork.report.run_summary import Answers
from tunefork.store import Predictions
from tunefork.uncertainty import Matrix
from tunefork.uncertainty.contributions import macro_f1, mcc, of_confusion, of_macro_auroc, second_f1, weighted_f1
from tunefork.uncertainty.of_labels import of_label_auroc, of_macro_f1, of_micro_f1, of_weighted_f1
from tunefork.uncertainty.of_numbers import of_mae, of_pearson, of_r2, of_rmse, of_spearman

JUDGED: dict[Problem, tuple[str, ...]] = {
    "single_label": ("accuracy", "macro_f1", "f1", "weighted_f1", "mcc", "auroc"),
    "multi_label": ("accuracy", "micro_f1", "macro_f1", "weighted_f1", "auroc"),
    "regression": ("rmse", "mae", "r2", "pearson", "spearman"),
}
"""Metrics whose differences a verdict can judge; f1 where there are two classes. A loss is none: in nats or squared
units no margin says what matters. On the same rows R² orders configurations as the mean squared error does."""
BOUNDS = {
    "mcc": (-1.0, 1.0),
    "pearson": (-1.0, 1.0),
    "spearman": (-1.0, 1.0),
    "r2": (-math.inf, 1.0),
    "rmse": (0.0, math.inf),
    "mae": (0.0, math.inf),
}
"""Of those that are no shares."""
_OF_CONFUSION = {"macro_f1": macro_f1, "f1": second_f1, "weighted_f1": weighted_f1, "mcc": mcc}
_OF_LABELS = {"micro_f1": of_micro_f1, "macro_f1": of_macro_f1, "weighted_f1": of_weighted_f1}
_OF_NUMBERS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "rmse": of_rmse,
    "mae": of_mae,
    "r2": of_r2,
    "pearson": of_pearson,
    "spearman": of_spearman,
}


def bounds_of(metric: str) -> tuple[float, float]:
    """The values that no mean of a metric can pass."""
    return BOUNDS.get(metric, (0.0, 1.0))


def differences_of(metric: str) -> tuple[float, float]:
    """The values that no difference of two can pass.

    >>> differences_of("mcc"), differences_of("r2")
    ((-2.0, 2.0), (-inf, inf))
    """
    low, high = bounds_of(metric)
    return (low - high, high - low)


def scores_of(answers: Sequence[Answers], metric: str, classes: int) -> Matrix | None:
    """[seeds, rows] what each test row contributes to a metric of ``JUDGED``, whose mean it is; None where the rows do
    not have it."""
    labels, predicted = answers[0].labels, np.stack([one.predicted for one in answers])
    problem = problem_of(labels)
    if metric not in JUDGED[problem]:
        return None
    if problem == "regression":
        return _of_numbers(metric, predicted, labels)
    if metric == "accuracy":
        return np.stack([one.correct for one in answers])
    if metric == "auroc":
        ranked = [one.ranked for one in answers if one.ranked is not None]
        return np.stack(ranked) if len(ranked) == len(answers) else None
    if problem == "multi_label":
        return _OF_LABELS[metric](predicted, labels)
    if metric == "mcc" and len(np.unique(labels)) < 2:
        return None
    return of_confusion(_OF_CONFUSION[metric], predicted, labels, classes)


def ranked(answers: Predictions) -> NDArray[np.float64] | None:
    """[rows] what each row contributes to AUROC; None where it has none: a class has no row, a label is in no row or in
    all, logits are no numbers, or labels are."""
    labels, logits = answers.labels, answers.logits
    if answers.problem == "regression" or not np.isfinite(logits).all():
        return None
    if answers.problem == "multi_label":
        both = ((labels > 0).any(axis=0) & (labels == 0).any(axis=0)).all()
        return np.asarray(of_label_auroc(logits[None].astype(np.float64), labels)[0]) if both else None
    if len(np.unique(labels)) != logits.shape[1]:
        return None
    return np.asarray(of_macro_auroc(softmax(logits)[None], labels)[0])


def _of_numbers(metric: str, predicted: Labels, labels: Labels) -> Matrix | None:
    """None where answers are no numbers, and of what needs numbers that differ where they do not."""
    if not np.isfinite(predicted).all():
        return None
    try:
        return _OF_NUMBERS[metric](predicted, labels)
    except ValueError:
        return None
