"""What each test row contributes to the metric that a verdict is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics import softmax
from tunefork.report.run_summary import Answers
from tunefork.store import Predictions
from tunefork.uncertainty import Matrix
from tunefork.uncertainty.contributions import macro_f1, mcc, of_confusion, of_macro_auroc, second_f1, weighted_f1

JUDGED = ("accuracy", "macro_f1", "f1", "weighted_f1", "mcc", "auroc")
"""Metrics whose differences a verdict can judge; f1 where there are two classes."""
_OF_CONFUSION = {"macro_f1": macro_f1, "f1": second_f1, "weighted_f1": weighted_f1, "mcc": mcc}


def bounds_of(metric: str) -> tuple[float, float]:
    """The values that no mean of a metric can pass."""
    return (-1.0, 1.0) if metric == "mcc" else (0.0, 1.0)


def differences_of(metric: str) -> tuple[float, float]:
    """The values that no difference of two can pass."""
    low, high = bounds_of(metric)
    return (low - high, high - low)


def scores_of(answers: Sequence[Answers], metric: str, classes: int) -> Matrix | None:
    """[seeds, rows] what each test row contributes to a metric of ``JUDGED``, whose mean it is; None where the rows do
    not have it."""
    labels, predicted = answers[0].labels, np.stack([one.predicted for one in answers])
    if metric == "accuracy":
        return np.asarray(predicted == labels)
    if metric == "auroc":
        ranked = [one.ranked for one in answers if one.ranked is not None]
        return np.stack(ranked) if len(ranked) == len(answers) else None
    if metric == "mcc" and len(np.unique(labels)) < 2:
        return None
    return of_confusion(_OF_CONFUSION[metric], predicted, labels, classes)


def ranked(answers: Predictions) -> NDArray[np.float64] | None:
    """[rows] what each row contributes to AUROC; None where a class has no row, or logits are no numbers."""
    present = len(np.unique(answers.labels)) == answers.logits.shape[1]
    if not present or not np.isfinite(answers.logits).all():
        return None
    return np.asarray(of_macro_auroc(softmax(answers.logits)[None], answers.labels)[0])
