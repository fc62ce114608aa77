"""What rows of several labels contribute: their mean is scikit-learn's metric, their variance what others change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from tunefork.uncertainty import mean_of
from tunefork.uncertainty.of_labels import of_label_auroc, of_macro_f1, of_micro_f1, of_weighted_f1

Of = Callable[[np.ndarray, np.ndarray], np.ndarray]
F1: dict[str, Of] = {"micro": of_micro_f1, "macro": of_macro_f1, "weighted": of_weighted_f1}
SHARES = np.array([0.5, 0.3, 0.12, 0.05])


def world(rows: int, seed: int, seeds: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits [S, n, 4] and labels [n, 4] that depend on one another."""
    random = np.random.default_rng(seed)
    mood = random.normal(size=(rows, 1))
    labels = (random.normal(size=(rows, 4)) + mood < np.sqrt(2) * np.array([0.0, -0.52, -1.17, -1.64])).astype(np.int8)
    return 2.0 * labels - 1 + random.normal(size=(seeds, rows, 4)), labels


@pytest.mark.parametrize("average", F1)
def test_the_mean_is_the_metric(average: str) -> None:
    logits, labels = world(300, 0, seeds=2)
    predicted = (logits > 0).astype(np.int8)
    found = F1[average](predicted, labels)
    assert found.shape == (2, 300)
    for seed in range(2):
        assert found[seed].mean() == pytest.approx(f1_score(labels, predicted[seed], average=average), abs=1e-12)


@pytest.mark.parametrize("average", F1)
def test_the_variance_is_that_of_a_jackknife_over_rows(average: str) -> None:
    """Leaving one row out moves the metric by minus that row's influence / (n − 1), up to terms of 1 / n²."""
    logits, labels = world(250, 1)
    predicted = (logits[0] > 0).astype(np.int8)
    found = F1[average](predicted[None], labels)[0]
    left = [
        f1_score(np.delete(labels, row, axis=0), np.delete(predicted, row, axis=0), average=average)
        for row in range(250)
    ]
    jackknife = 249 / 250 * np.square(np.array(left) - np.mean(left)).sum()
    assert found.var(ddof=1) / 250 == pytest.approx(jackknife, rel=0.06)
    assert np.corrcoef(found, left)[0, 1] < -0.99


@pytest.mark.parametrize("average", F1)
def test_intervals_cover_the_truth(average: str) -> None:
    logits, labels = world(200_000, 2)
    truth = f1_score(labels, logits[0] > 0, average=average)
    covered = 0
    for draw in range(400):
        logits, labels = world(400, 100 + draw)
        covered += mean_of(F1[average]((logits > 0).astype(np.int8), labels)).interval.holds(truth)
    assert 0.92 <= covered / 400 <= 0.98


def test_auroc_is_the_mean_over_labels() -> None:
    logits, labels = world(400, 3, seeds=2)
    found = of_label_auroc(logits, labels)
    for seed in range(2):
        assert found[seed].mean() == pytest.approx(roc_auc_score(labels, logits[seed], average="macro"), abs=1e-12)
    with pytest.raises(ValueError, match="AUROC needs rows of both kinds"):
        of_label_auroc(logits, np.zeros_like(labels))


def test_the_variance_of_auroc_counts_that_labels_depend_on_one_another() -> None:
    logits, labels = world(500, 4)
    found = of_label_auroc(logits, labels)[0]
    random, drawn = np.random.default_rng(0), []
    for _ in range(400):
        rows = random.integers(0, 500, 500)
        drawn.append(roc_auc_score(labels[rows], logits[0, rows], average="macro"))
    assert found.std(ddof=1) / np.sqrt(500) == pytest.approx(np.std(drawn, ddof=1), rel=0.12)


def test_labels_that_nobody_has_and_nobody_says_count_nothing() -> None:
    labels, predicted = np.zeros((50, 3), np.int8), np.zeros((1, 50, 3), np.int8)
    labels[:25, 0] = predicted[0, :20, 0] = 1
    expected = f1_score(labels, predicted[0], average="macro", zero_division=0)
    assert of_macro_f1(predicted, labels).mean() == pytest.approx(expected)
    assert of_micro_f1(predicted, labels).mean() == pytest.approx(2 * 20 / 45)
    assert of_weighted_f1(predicted, labels).mean() == pytest.approx(2 * 20 / 45)
    nothing = np.zeros_like(labels)
    for of in F1.values():
        assert (of(predicted, nothing)[0].mean(), of(nothing[None], nothing).mean()) == (0.0, 0.0)
