"""What rows contribute: their mean is scikit-learn's metric, their variance what other rows change."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

from tunefork.uncertainty.contributions import macro_f1, mcc, of_auroc, of_confusion, second_f1


def answers(rows: int, classes: int, seed: int = 0, share: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.choice(classes, rows, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    guess = random.integers(0, classes, (2, rows))
    return np.where(random.uniform(size=(2, rows)) < share, labels, guess), labels


@pytest.mark.parametrize(
    ("metric", "theirs", "classes"),
    [
        (macro_f1, lambda labels, said: f1_score(labels, said, average="macro"), 5),
        (second_f1, lambda labels, said: f1_score(labels, said), 2),
        (mcc, matthews_corrcoef, 4),
    ],
)
def test_the_mean_is_the_metric(metric, theirs, classes) -> None:  # type: ignore[no-untyped-def]
    predicted, labels = answers(300, classes)
    found = of_confusion(metric, predicted, labels, classes)
    for seed in range(2):
        assert found[seed].mean() == pytest.approx(theirs(labels, predicted[seed]), abs=1e-9)


def test_to_accuracy_a_row_contributes_whether_it_is_right() -> None:
    predicted, labels = answers(200, 3)
    found = of_confusion(lambda shares: float(np.trace(shares)), predicted, labels, 3)
    np.testing.assert_allclose(found, predicted == labels, atol=1e-8)


@pytest.mark.parametrize("metric", [macro_f1, mcc])
def test_the_variance_is_that_of_a_bootstrap_over_rows(metric) -> None:  # type: ignore[no-untyped-def]
    predicted, labels = answers(800, 4, seed=3)
    found = of_confusion(metric, predicted[:1], labels, 4)[0]
    random, drawn = np.random.default_rng(0), []
    for _ in range(600):
        rows = random.integers(0, 800, 800)
        shares = np.bincount(labels[rows] * 4 + predicted[0, rows], minlength=16).reshape(4, 4) / 800
        drawn.append(metric(shares))
    assert found.std(ddof=1) / np.sqrt(800) == pytest.approx(np.std(drawn, ddof=1), rel=0.12)


def test_a_class_neither_said_nor_there_counts_nothing() -> None:
    predicted, labels = answers(100, 3)
    found = of_confusion(macro_f1, predicted, labels, 4)
    assert found[0].mean() == pytest.approx(f1_score(labels, predicted[0], average="macro") * 3 / 4)
    assert mcc(np.array([[0.5, 0.0], [0.5, 0.0]])) == 0.0
    assert second_f1(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.0


def test_auroc_s_contributions_are_delong_s() -> None:
    random = np.random.default_rng(1)
    positive = random.uniform(size=250) < 0.3
    scores = np.round(random.normal(size=(2, 250)) + positive, 1)  # with ties
    found = of_auroc(scores, positive)
    for seed in range(2):
        assert found[seed].mean() == pytest.approx(roc_auc_score(positive, scores[seed]), abs=1e-12)
    # DeLong's variance: S10 / m + S01 / n, from the components themselves
    up, down = scores[0, positive], scores[0, ~positive]
    wins = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    delong = wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)
    assert found[0].var(ddof=1) / 250 == pytest.approx(delong, rel=0.02)
    with pytest.raises(ValueError, match="AUROC needs rows of both kinds"):
        of_auroc(scores, np.ones(250, bool))
