"""Metrics of single-label classification, from logits and class numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics.calibration import calibration_error, log_loss, softmax


@dataclass(frozen=True)
class Metrics:
    """The figures of one evaluation; NaN where these rows do not have one."""

    loss: float
    """Mean cross-entropy in nats."""
    accuracy: float
    macro_f1: float
    """The mean of the classes' F1; a class that has no row and is never said counts 0."""
    f1: float | None
    """F1 of the second class when there are two; None otherwise."""
    weighted_f1: float = math.nan
    """The classes' F1, weighted by their true rows."""
    mcc: float = math.nan
    """Matthews' correlation, −1 to 1; 0 where one class only is said, NaN where one class only is there."""
    auroc: float = math.nan
    """Area under the ROC curve: of the second of two classes, else the mean over classes of each against the rest. NaN
    where a class has no row."""
    ece: float = math.nan
    """Expected calibration error, 0 to 1: see ``calibration_error``."""
    brier: float = math.nan
    """Mean squared error of the probabilities: of the second of two classes (0 to 1), else summed over classes (0 to
    2), as scikit-learn has it."""

    @property
    def others(self) -> dict[str, float]:
        """Beside loss, accuracy, macro F1 and F1: what is known, by name. Stores keep it so."""
        names = ("weighted_f1", "mcc", "auroc", "ece", "brier")
        return {name: value for name in names if math.isfinite(value := getattr(self, name))}

    @property
    def known(self) -> dict[str, float]:
        """All that is known, by name."""
        first = {"loss": self.loss, "accuracy": self.accuracy, "macro_f1": self.macro_f1, "f1": self.f1}
        return {
            name: value for name, value in first.items() if value is not None and math.isfinite(value)
        } | self.others


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


def score(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Metrics:
    """Everything that ``Metrics`` has, of [N, C] logits against [N] class numbers.

    >>> found = score(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1]))
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

    numbers = precision_recall_fscore_support(labels, predicted, labels=range(len(names)), zero_division=np.nan)
    return tuple(
        ClassScore(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *numbers)
    )
