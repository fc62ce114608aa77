"""One class of a row: metrics from logits and class numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics.calibration import calibration_error, log_loss, softmax
from tunefork.metrics.figures import Metrics


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class, and its number of true rows.

    Precision is NaN for a class that is never said, recall for one without rows, F1 for one that is neither.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


def score_classes(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Metrics:
    """Everything that ``Metrics`` has, of [N, C] logits against [N] class numbers.

    >>> found = score_classes(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1]))
    >>> found.accuracy, found.mcc, found.auroc
    (1.0, 1.0, 1.0)
    """
    from sklearn.metrics import brier_score_loss, matthews_corrcoef, precision_recall_fscore_support

    classes = logits.shape[1]
    predicted = logits.argmax(axis=1)
    _, _, f1, support = precision_recall_fscore_support(labels, predicted, labels=range(classes), zero_division=0)
    usable = bool(np.isfinite(logits).all())
    chances = softmax(logits) if usable else np.empty((0, classes))
    given = chances[:, 1] if classes == 2 else chances
    brier = float(brier_score_loss(labels, given, labels=range(classes))) if usable else math.nan
    return Metrics(
        loss=log_loss(logits, labels),
        accuracy=float((predicted == labels).mean()),
        macro_f1=float(f1.mean()),
        f1=float(f1[1]) if classes == 2 else None,
        weighted_f1=float(np.average(f1, weights=support)),
        mcc=float(matthews_corrcoef(labels, predicted)) if (support > 0).sum() > 1 else math.nan,
        auroc=auroc(chances, labels) if usable else math.nan,
        ece=calibration_error(chances, labels) if usable else math.nan,
        brier=brier,
    )


def auroc(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The area under the ROC curve of [N, C] probabilities: the chance that a row of a class gets a higher probability
    for it than a row of another (ties count half; Hanley and McNeil 1982, Radiology 143(1):29–36). Of two classes that
    of the second; of more the mean over classes of each against the rest. NaN where a class has no row.

    By ranks (Mann and Whitney 1947, Ann. Math. Stat. 18(1):50–60): of the rows of a class, how many others lie below.

    >>> auroc(np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]]), np.array([0, 1, 1]))
    1.0
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        return math.nan
    # scikit-learn's has the same value, and of many classes takes ten times as long or more, at every evaluation
    areas = []
    for number in (1,) if classes == 2 else range(classes):
        chances, own = probabilities[:, number], labels == number
        rest = np.sort(chances[~own])
        below = np.searchsorted(rest, chances[own], "left") + np.searchsorted(rest, chances[own], "right")
        areas.append(float(below.mean()) / (2 * len(rest)))
    return math.fsum(areas) / len(areas)


def majority_class(train: NDArray[np.integer], test: NDArray[np.integer], classes: int) -> Metrics:
    """What always answering the most frequent training label scores on test; its loss is that of the training shares.

    >>> majority_class(np.array([0, 0, 1]), np.array([0, 1]), 2).accuracy
    0.5
    """
    shares = np.bincount(train, minlength=classes) / len(train)
    logits = np.log(np.maximum(shares, 1e-12))
    return score_classes(np.repeat(logits[None], len(test), axis=0), test)


def confusion(predicted: NDArray[np.integer], labels: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """[C, C] counts; the row is the true class, the column the predicted one."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(labels, predicted, labels=range(classes)), dtype=np.int64)


def per_class(
    predicted: NDArray[np.integer], labels: NDArray[np.integer], names: tuple[str, ...]
) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of every class, in the order of ``names``; of every label where rows are [N, C] of 0 and
    1, its rows being those that have it."""
    from sklearn.metrics import precision_recall_fscore_support

    if labels.ndim == 2:
        numbers = _per_label(predicted, labels)
    else:
        numbers = precision_recall_fscore_support(labels, predicted, labels=range(len(names)), zero_division=np.nan)
    return tuple(
        ClassScore(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *numbers)
    )


def _per_label(predicted: NDArray[np.integer], labels: NDArray[np.integer]) -> Sequence[NDArray[np.floating]]:
    """[C] precision, recall, F1 and support; written out, since scikit-learn takes one label for two classes."""
    said, true, both = predicted.sum(axis=0), labels.sum(axis=0), (predicted & labels).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return both / said, both / true, 2 * both / (said + true), true
