"""Any number of labels of a row: metrics from logits and [N, C] of 0 and 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics.classification import auroc
from tunefork.metrics.figures import Metrics
from tunefork.problem import answers_of

LEAST = 1e-12
"""No share is taken for smaller, nor for larger than one minus it: its log-odds would be infinite."""


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits → probabilities, each for itself, in float64.

    >>> sigmoid(np.array([[0.0]])).tolist()
    [[0.5]]
    """
    from scipy.special import expit

    return np.asarray(expit(logits.astype(np.float64)))


def binary_log_loss(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The mean binary cross-entropy in nats over [N, C] decisions, as torch's ``BCEWithLogitsLoss`` has it.

    >>> round(binary_log_loss(np.array([[0.0, 0.0]]), np.array([[1, 0]])), 4)
    0.6931
    """
    plain = logits.astype(np.float64)
    return float((np.logaddexp(0.0, plain) - labels * plain).mean())


def score_labels(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Metrics:
    """The ``Metrics`` of several labels, of [N, C] logits against [N, C] of 0 and 1; a logit above 0 answers yes.

    F1 scores are scikit-learn's with ``zero_division=0``. AUROC is the mean over labels, NaN where one is on in all
    rows or in none.

    >>> found = score_labels(np.array([[2.0, -2.0], [2.0, 2.0]]), np.array([[1, 0], [1, 1]]))
    >>> found.accuracy, found.micro_f1, found.macro_f1
    (1.0, 1.0, 1.0)
    """
    predicted = answers_of(logits, "multi_label")
    both, said, true = (predicted & labels).sum(axis=0), predicted.sum(axis=0), labels.sum(axis=0)
    f1 = np.divide(2 * both, said + true, out=np.zeros(len(true)), where=said + true > 0)
    whole = int(said.sum() + true.sum())
    return Metrics(
        loss=binary_log_loss(logits, labels),
        accuracy=float((predicted == labels).all(axis=1).mean()),
        macro_f1=float(f1.mean()),
        weighted_f1=float(np.average(f1, weights=true)) if true.any() else 0.0,
        micro_f1=2 * float(both.sum()) / whole if whole else 0.0,
        auroc=label_auroc(logits, labels),
    )


def label_auroc(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The mean over labels of the area under the ROC curve; NaN where a label is on in all rows or in none.

    >>> label_auroc(np.array([[0.0], [1.0]]), np.array([[0], [1]]))
    1.0
    """
    if not np.isfinite(logits).all():
        return math.nan
    areas = [auroc(np.stack([-column, column], axis=1), own) for column, own in zip(logits.T, labels.T, strict=True)]
    return math.fsum(areas) / len(areas)


def usual_labels(train: NDArray[np.integer], test: NDArray[np.integer]) -> Metrics:
    """What answering each label by its share of training rows scores on test: yes where more than half have it.

    >>> usual_labels(np.array([[1, 0], [1, 0]]), np.array([[1, 1]])).micro_f1
    0.6666666666666666
    """
    shares = np.clip(train.mean(axis=0), LEAST, 1 - LEAST)
    logits = np.log(shares) - np.log1p(-shares)
    return score_labels(np.repeat(logits[None], len(test), axis=0), test)
