"""What rows contribute: their mean is scikit-learn's metric, their variance what other rows change."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

from tunefork.metrics import auroc
from tunefork.uncertainty import mean_of
from tunefork.uncertainty.contributions import (
    macro_f1,
    mcc,
    of_auroc,
    of_confusion,
    of_macro_auroc,
    second_f1,
    weighted_f1,
)


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
        (weighted_f1, lambda labels, said: f1_score(labels, said, average="weighted"), 4),
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


@pytest.mark.parametrize("metric", [macro_f1, mcc, weighted_f1])
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


def chances(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.choice(classes, rows, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    logits = random.normal(size=(2, rows, classes)) + 1.5 * np.eye(classes)[labels]
    made = np.exp(logits)
    return made / made.sum(axis=2, keepdims=True), labels


def test_contributions_to_auroc_of_many_classes_are_the_mean_of_each_against_the_rest() -> None:
    probabilities, labels = chances(300, 4)
    found = of_macro_auroc(probabilities, labels)
    for seed in range(2):
        theirs = roc_auc_score(labels, probabilities[seed], multi_class="ovr", average="macro")
        assert found[seed].mean() == pytest.approx(theirs, abs=1e-12)
    binary, sides = chances(300, 2, seed=1)
    np.testing.assert_allclose(of_macro_auroc(binary, sides), of_auroc(binary[:, :, 1], sides == 1))
    with pytest.raises(ValueError, match="AUROC needs rows of both kinds"):
        of_macro_auroc(np.ones((1, 3, 4)) / 4, np.array([0, 1, 2]))


def test_the_variance_of_auroc_of_many_classes_is_that_of_a_bootstrap_over_rows() -> None:
    probabilities, labels = chances(600, 4, seed=2)
    found = of_macro_auroc(probabilities[:1], labels)[0]
    random, drawn = np.random.default_rng(0), []
    for _ in range(400):
        rows = random.integers(0, 600, 600)
        drawn.append(auroc(probabilities[0, rows], labels[rows]))
    assert found.std(ddof=1) / np.sqrt(600) == pytest.approx(np.std(drawn, ddof=1), rel=0.12)


def test_intervals_of_auroc_cover_the_truth() -> None:
    """Rows drawn anew 400 times from a world whose AUROC is known from 200,000 rows."""
    random = np.random.default_rng(7)

    def draw(rows: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.choice(3, rows, p=[0.6, 0.3, 0.1])
        logits = random.normal(size=(rows, 3)) + np.eye(3)[labels]
        made = np.exp(logits)
        return made / made.sum(axis=1, keepdims=True), labels

    truth = auroc(*draw(200_000))
    covered = 0
    for _ in range(400):
        probabilities, labels = draw(300)
        covered += mean_of(of_macro_auroc(probabilities[None], labels)).interval.holds(truth)
    assert 0.92 <= covered / 400 <= 0.98
