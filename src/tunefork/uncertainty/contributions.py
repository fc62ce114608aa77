"""What each row contributes to a metric, so that one analysis of rows and seeds serves them all.

For accuracy that is right or wrong, for a loss the row's loss. A metric of the whole split, such as macro F1, is smooth
in its rows: its value plus each row's influence (Hampel 1974, JASA 69(346):383–393; van der Vaart 1998, "Asymptotic
Statistics", chapter 20) are numbers whose mean is the metric, and whose variance over rows is what other rows would
change. For AUROC these are the components of DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44(3):837–845.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]
STEP = 1e-6
"""Of the difference quotients, as a share of all rows."""


def of_confusion(metric: Callable[[Floats], float], predicted: Ints, labels: Ints, classes: int) -> Floats:
    """[S, n] contributions to a metric of the confusion matrix.

    With p the matrix of shares, f the metric and g its gradient, a row in cell (i, j) contributes
    f(p) + g_ij − Σ g p: its influence on f by the chain rule.

    Args:
        metric: of a matrix [C, C] of shares, the true class in rows, the predicted one in columns.
        predicted: [S, n] class numbers.
        labels: [n].
        classes: C.
    """
    found = np.empty(predicted.shape)
    for seed, answers in enumerate(predicted):
        cells = labels * classes + answers
        shares = np.bincount(cells, minlength=classes**2) / len(labels)
        value, gradient = metric(shares.reshape(classes, classes)), np.zeros(classes**2)
        for cell in np.unique(cells):
            moved = [shares.copy(), shares.copy()]
            moved[0][cell] += STEP
            moved[1][cell] -= STEP
            high, low = (metric(each.reshape(classes, classes)) for each in moved)
            gradient[cell] = (high - low) / (2 * STEP)
        found[seed] = value + gradient[cells] - float(gradient @ shares)
    return found


def macro_f1(shares: Floats) -> float:
    """The mean over classes of F1 = 2 TP / (true + predicted); a class neither said nor there counts 0."""
    total = shares.sum(axis=0) + shares.sum(axis=1)
    return float(np.divide(2 * np.diag(shares), total, out=np.zeros(len(shares)), where=total > 0).mean())


def weighted_f1(shares: Floats) -> float:
    """The mean of the classes' F1, each weighted by its share of true rows."""
    true = shares.sum(axis=1)
    total = shares.sum(axis=0) + true
    found = np.divide(2 * np.diag(shares), total, out=np.zeros(len(shares)), where=total > 0)
    return float(true @ found) / float(true.sum())


def second_f1(shares: Floats) -> float:
    """F1 of the second of two classes."""
    total = float(shares[1].sum() + shares[:, 1].sum())
    return 2 * float(shares[1, 1]) / total if total > 0 else 0.0


def mcc(shares: Floats) -> float:
    """Matthews' correlation, for any number of classes (Gorodkin 2004, Comput. Biol. Chem. 28:367–374); 0 where one
    side has a single class."""
    true, said = shares.sum(axis=1), shares.sum(axis=0)
    whole = float(shares.sum())
    covariance = whole * float(np.trace(shares)) - float(true @ said)
    spread = float((whole**2 - said @ said) * (whole**2 - true @ true))
    return covariance / spread**0.5 if spread > 0 else 0.0


def of_auroc(scores: Floats, positive: NDArray[np.bool_]) -> Floats:
    """[S, n] contributions to the area under the ROC curve.

    DeLong's components: for a positive row the share of negatives that it outranks, for a negative the share of
    positives that outrank it (ties count half); each centred at the area and weighted by how rare its kind is.

    Args:
        scores: [S, n] of the positive class.
        positive: [n] whether the row is.

    Raises:
        ValueError: all rows are of one kind.
    """
    count, n = int(positive.sum()), len(positive)
    if not 0 < count < n:
        raise ValueError("AUROC needs rows of both kinds")
    found = np.empty(scores.shape)
    for seed, row in enumerate(scores):
        up, down = np.sort(row[positive]), np.sort(row[~positive])
        beaten = _below(down, row[positive]) / len(down)
        lost = 1 - _below(up, row[~positive]) / len(up)
        area = float(beaten.mean())
        found[seed, positive] = area + (beaten - area) * n / count
        found[seed, ~positive] = area + (lost - area) * n / (n - count)
    return found


def of_macro_auroc(probabilities: Floats, labels: Ints) -> Floats:
    """[S, n] contributions to AUROC: of two classes to that of the second, of more to the mean over classes of each
    against the rest.

    A mean of areas is linear in them, so a row contributes the mean of what it contributes to each.

    Args:
        probabilities: [S, n, C].
        labels: [n] class numbers.

    Raises:
        ValueError: a class has no row.
    """
    classes = probabilities.shape[2]
    counted = (1,) if classes == 2 else range(classes)
    found = np.zeros(probabilities.shape[:2])
    for each in counted:
        found += of_auroc(probabilities[:, :, each], np.asarray(labels == each))
    return found / len(counted)


def _below(sorted_values: Floats, values: Floats) -> Floats:
    """How many of the sorted values lie below each value; ties count half."""
    left = np.searchsorted(sorted_values, values, side="left")
    right = np.searchsorted(sorted_values, values, side="right")
    return np.asarray((left + right) / 2, dtype=np.float64)
