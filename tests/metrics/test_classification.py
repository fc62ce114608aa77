"""Metrics: scikit-learn is the oracle; what rows do not have is NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from tunefork import metrics


def answers(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits [rows, classes] in steps of a half, so that there are ties, and unequal classes."""
    random = np.random.default_rng(seed)
    labels = random.choice(classes, rows, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    logits = np.round(2 * (random.normal(size=(rows, classes)) + 0.8 * np.eye(classes)[labels])) / 2
    return logits.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_every_metric_is_scikit_learn_s(classes: int) -> None:
    logits, labels = answers(400, classes)
    found, said, chances = metrics.score(logits, labels), logits.argmax(axis=1), metrics.softmax(logits)
    assert found.loss == pytest.approx(log_loss(labels, chances), rel=1e-9)
    assert found.accuracy == accuracy_score(labels, said)
    assert found.macro_f1 == pytest.approx(f1_score(labels, said, average="macro"), abs=1e-15)
    assert found.weighted_f1 == pytest.approx(f1_score(labels, said, average="weighted"), abs=1e-15)
    assert found.mcc == pytest.approx(matthews_corrcoef(labels, said), abs=1e-15)
    if classes == 2:
        assert found.f1 == pytest.approx(f1_score(labels, said), abs=1e-15)
        assert found.auroc == pytest.approx(roc_auc_score(labels, chances[:, 1]), abs=1e-12)
        assert found.brier == pytest.approx(np.mean((chances[:, 1] - labels) ** 2), abs=1e-12)
    else:
        assert found.f1 is None
        theirs = roc_auc_score(labels, chances, multi_class="ovr", average="macro")
        assert found.auroc == pytest.approx(theirs, abs=1e-12)
        assert found.brier == pytest.approx(((chances - np.eye(classes)[labels]) ** 2).sum(axis=1).mean(), abs=1e-12)
    assert found.brier == pytest.approx(
        brier_score_loss(labels, chances[:, 1] if classes == 2 else chances, labels=range(classes))
    )
    assert set(found.others) == {"weighted_f1", "mcc", "auroc", "ece", "brier"}
    assert found.known["loss"] == found.loss
    assert ("f1" in found.known) == (classes == 2)


def test_a_class_that_rows_lack_leaves_auroc_unknown_and_is_said_nowhere_else() -> None:
    logits, labels = answers(60, 3)
    found = metrics.score(logits, labels % 2)
    assert math.isnan(found.auroc)
    assert "auroc" not in found.others
    assert math.isfinite(found.mcc)
    single = metrics.score(logits, np.zeros(60, dtype=int))
    assert math.isnan(single.mcc), "with one class there is nothing to correlate"
    assert math.isnan(single.auroc)
    assert math.isfinite(single.brier)
    one_sided = metrics.score(np.tile([1.0, 0.0], (60, 1)), labels % 2)
    assert (one_sided.mcc, one_sided.auroc) == (0.0, 0.5)


def test_logits_that_are_no_numbers_have_no_probabilities() -> None:
    logits, labels = answers(30, 2)
    logits[3, 0] = np.nan
    found = metrics.score(logits, labels)
    assert set(found.others) == {"weighted_f1", "mcc"}
    assert math.isnan(found.loss)
    assert "loss" not in found.known


def test_scores_of_classes_are_unknown_where_there_is_nothing_to_divide_by() -> None:
    found = metrics.per_class(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]), ("a", "b", "c", "d"))
    never_said, never_there = found[2], found[3]
    assert (found[0].precision, found[0].recall, found[0].support) == (1.0, 1.0, 2)
    assert math.isnan(never_said.precision)
    assert (never_said.recall, never_said.f1, never_said.support) == (0.0, 0.0, 1)
    assert math.isnan(never_there.precision)
    assert math.isnan(never_there.recall)
    assert math.isnan(never_there.f1)


def test_the_majority_class_ranks_nothing() -> None:
    found = metrics.majority(np.array([0, 0, 1]), np.array([0, 1, 1, 0]), 2)
    assert (found.auroc, found.mcc, found.accuracy) == (0.5, 0.0, 0.5)
    assert found.ece == pytest.approx(2 / 3 - 1 / 2)
