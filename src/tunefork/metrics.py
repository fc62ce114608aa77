"""Classification metrics: NumPy in, numbers out. scikit-learn computes what it can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Metrics:
    """The figures of one evaluation."""

    loss: float
    """Mean cross-entropy in nats."""
    accuracy: float
    macro_f1: float
    f1: float | None
    """F1 of the second class when there are two; None otherwise."""


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class, and its number of true rows."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """[N, C] logits → [N, C] probabilities, in float64.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    from scipy.special import softmax as stable

    return np.asarray(stable(logits.astype(np.float64), axis=1))


def score(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Metrics:
    """Loss, accuracy and F1 of [N, C] logits against [N] class numbers.

    >>> score(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1])).accuracy
    1.0
    """
    from scipy.special import log_softmax
    from sklearn.metrics import accuracy_score, f1_score

    rows, classes = logits.shape
    predicted = logits.argmax(axis=1)
    logs = log_softmax(logits.astype(np.float64), axis=1)
    return Metrics(
        loss=float(-logs[np.arange(rows), labels].mean()),
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(f1_score(labels, predicted, average="macro", labels=range(classes), zero_division=0)),
        f1=float(f1_score(labels, predicted, pos_label=1, zero_division=0)) if classes == 2 else None,
    )


def majority(train: NDArray[np.integer], test: NDArray[np.integer], classes: int) -> Metrics:
    """What always answering the most frequent training label scores on test; its loss is that of the training shares.

    >>> majority(np.array([0, 0, 1]), np.array([0, 1]), 2).accuracy
    0.5
    """
    shares = np.bincount(train, minlength=classes) / len(train)
    logits = np.log(np.maximum(shares, 1e-12))
    return score(np.repeat(logits[None], len(test), axis=0), test)


def confusion(predicted: NDArray[np.integer], labels: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """[C, C] counts; the row is the true class, the column the predicted one."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(labels, predicted, labels=range(classes)), dtype=np.int64)


def per_class(
    predicted: NDArray[np.integer], labels: NDArray[np.integer], names: tuple[str, ...]
) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of every class, in the order of ``names``."""
    from sklearn.metrics import precision_recall_fscore_support

    numbers = precision_recall_fscore_support(labels, predicted, labels=range(len(names)), zero_division=0)
    return tuple(
        ClassScore(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *numbers)
    )
