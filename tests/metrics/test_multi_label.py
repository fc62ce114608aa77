"""Several labels of a row: scikit-learn is the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, roc_auc_score

from tunefork import metrics


def answers(rows: int = 300, labels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits [rows, labels] in steps of a half, so that there are ties, and labels of unequal frequency."""
    random = np.random.default_rng(seed)
    true = (random.random((rows, labels)) < np.linspace(0.08, 0.7, labels)).astype(np.int8)
    logits = np.round(2 * (random.normal(size=(rows, labels)) + 2 * true - 1)) / 2
    return logits.astype(np.float32), true


def test_every_metric_is_scikit_learn_s() -> None:
    logits, labels = answers()
    found, said = metrics.score(logits, labels), (logits > 0).astype(int)
    bce = torch.nn.BCEWithLogitsLoss()(torch.from_numpy(logits).double(), torch.from_numpy(labels).double())
    assert found.loss == pytest.approx(float(bce), rel=1e-12)
    assert found.accuracy == accuracy_score(labels, said)
    for average in ("macro", "micro", "weighted"):
        theirs = f1_score(labels, said, average=average)
        assert getattr(found, f"{average}_f1") == pytest.approx(theirs, abs=1e-15)
    assert found.auroc == pytest.approx(roc_auc_score(labels, logits, average="macro"), abs=1e-12)
    assert set(found.others) == {"weighted_f1", "auroc", "micro_f1"}
    assert "f1" not in found.known
    assert "rmse" not in found.known


def test_precision_and_recall_of_every_label_are_scikit_learn_s() -> None:
    logits, labels = answers()
    said = (logits > 0).astype(np.int8)
    theirs = precision_recall_fscore_support(labels, said, average=None)
    found = metrics.per_class(said, labels, ("a", "b", "c", "d", "e"))
    assert [one.label for one in found] == ["a", "b", "c", "d", "e"]
    for name, values in zip(("precision", "recall", "f1", "support"), theirs, strict=True):
        assert [getattr(one, name) for one in found] == pytest.approx(values.tolist(), abs=1e-15)


def test_one_label_alone_is_no_two_classes() -> None:
    logits, labels = answers(labels=1)
    (found,) = metrics.per_class((logits > 0).astype(np.int8), labels, ("a",))
    assert found.support == labels.sum()
    assert found.f1 == pytest.approx(f1_score(labels[:, 0], logits[:, 0] > 0))


def test_a_label_that_no_row_has_leaves_auroc_unknown_and_counts_0_in_macro_f1() -> None:
    logits, labels = answers(labels=2)
    labels[:, 0] = 0
    logits[:, 0] = -1
    found = metrics.score(logits, labels)
    assert math.isnan(found.auroc)
    assert found.macro_f1 == pytest.approx(f1_score(labels, logits > 0, average="macro", zero_division=0))
    assert metrics.score(-np.abs(logits), np.zeros_like(labels)).micro_f1 == 0.0


def test_the_usual_answer_says_what_more_than_half_of_the_training_rows_have() -> None:
    train = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0]], dtype=np.int8)
    test = np.array([[1, 0, 0], [0, 1, 1]], dtype=np.int8)
    found = metrics.majority(train, test, 3)
    assert found.accuracy == 0.5
    assert found.micro_f1 == pytest.approx(2 * 1 / (2 + 3))
    assert math.isfinite(found.loss)  # although a label is on in all training rows, and another in none


def test_probabilities_are_each_label_s_own() -> None:
    found = metrics.probabilities(np.array([[0.0, 3.0]]), "multi_label")
    assert found[0] == pytest.approx([0.5, 1 / (1 + math.exp(-3))])
    assert metrics.probabilities(np.array([[0.0, 3.0]]), "multi_label", 3.0)[0, 1] == pytest.approx(
        1 / (1 + math.exp(-1))
    )


def test_a_metric_of_one_s_own_gets_labels_and_probabilities() -> None:
    seen = {}

    def first_label(labels: np.ndarray, chances: np.ndarray) -> float:
        seen["shapes"] = labels.shape, chances.shape, labels.dtype, chances.max()
        return float((labels[:, 0] == (chances[:, 0] > 0.5)).mean())

    logits, labels = answers()
    own = metrics.own_metrics([first_label])
    _, scores = metrics.evaluated(logits, labels, own)
    assert scores["first_label"] == ((logits[:, 0] > 0) == labels[:, 0]).mean()
    assert seen["shapes"][:3] == ((300, 5), (300, 5), np.dtype(np.int64))
    assert seen["shapes"][3] < 1
    metrics.try_on(own, labels, 5)
    assert seen["shapes"][3] == 0.5
