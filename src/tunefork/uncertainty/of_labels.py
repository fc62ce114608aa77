"""What each row contributes to metrics of rows with several labels: see ``contributions`` for what that means.

F1 is a ratio of sums over rows, 2 TP / (said + true), so a row's influence on it follows from the delta method: with t
its share of the numerator and d of the denominator, (t − F1 · d) / mean(d) (van der Vaart 1998, "Asymptotic
Statistics", chapters 3 and 20). Micro F1 is the ratio of the sums over all labels, macro F1 the mean of the labels'
ratios (Yang 1999, Information Retrieval 1:69–90, section 2.4, has both averages). Rows are the sample, not labels: the
labels of one row may depend on each other, and their sum over a row is one number.
"""

from __future__ import annotations

import numpy as np

from tunefork.uncertainty.contributions import Floats, Ints, of_auroc


def of_micro_f1(predicted: Ints, labels: Ints) -> Floats:
    """[S, n] contributions to F1 of all labels together.

    Args:
        predicted: [S, n, C] 0 or 1.
        labels: [n, C] 0 or 1.
    """

    def one(said: Ints) -> Floats:
        both, sums = _parts(said, labels)
        return _ratio(both.sum(axis=1)[:, None], sums.sum(axis=1)[:, None])[:, 0]

    return np.stack([one(said) for said in predicted])


def of_macro_f1(predicted: Ints, labels: Ints) -> Floats:
    """[S, n] contributions to the mean over labels of their F1; a label neither said nor there counts 0.

    Args:
        predicted: [S, n, C] 0 or 1.
        labels: [n, C] 0 or 1.
    """
    return np.stack([_ratio(*_parts(said, labels)).mean(axis=1) for said in predicted])


def of_weighted_f1(predicted: Ints, labels: Ints) -> Floats:
    """[S, n] contributions to the mean of the labels' F1, each weighted by its true rows; 0 where no row has a label.

    The weights are of the same rows, so a row moves them, too: Σ P F1 / Σ P is a ratio whose numerator gets P's and
    F1's part by the product rule.

    Args:
        predicted: [S, n, C] 0 or 1.
        labels: [n, C] 0 or 1.
    """
    shares = labels.mean(axis=0)
    if not shares.sum():
        return np.zeros(predicted.shape[:2])

    def one(said: Ints) -> Floats:
        each = _ratio(*_parts(said, labels))
        value = each.mean(axis=0)
        numerator = (labels * value + shares * (each - value)).sum(axis=1)
        whole = float(shares @ value) / float(shares.sum())
        return np.asarray(whole + (numerator - whole * labels.sum(axis=1)) / shares.sum())

    return np.stack([one(said) for said in predicted])


def of_label_auroc(scores: Floats, labels: Ints) -> Floats:
    """[S, n] contributions to the mean over labels of the area under the ROC curve: of each DeLong's components.

    Args:
        scores: [S, n, C], such as logits; only their order within a label counts.
        labels: [n, C] 0 or 1.

    Raises:
        ValueError: a label is in all rows or in none.
    """
    count = labels.shape[1]
    found = np.zeros(scores.shape[:2])
    for place in range(count):
        found += of_auroc(scores[:, :, place], labels[:, place] > 0)
    return np.asarray(found / count)


def _parts(said: Ints, labels: Ints) -> tuple[Floats, Floats]:
    """[n, C] what a row adds to the numerator and to the denominator of each label's F1."""
    true = labels.astype(np.float64)
    return 2 * said * true, said + true


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """[n, K] contributions to K ratios of means over rows; 0 where the denominator is."""
    below = denominator.mean(axis=0)
    safe = np.where(below > 0, below, 1.0)
    value = numerator.mean(axis=0) / safe
    return np.asarray(value + (numerator - value * denominator) / safe)
