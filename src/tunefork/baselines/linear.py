"""Linear models on words, one for each problem: what is fitted, and what validation chooses its strength by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.problem import Labels, Problem, answers_of

SURE = 30.0
"""The largest log-odds that are said, and minus the smallest log-probability."""

Logits = NDArray[np.float64]
Answer = Callable[[Any], Logits]
"""A fitted model: from the words of [N] rows to [N, C] logits, in the form that ``problem.answers_of`` reads."""


@dataclass(frozen=True)
class Linear:
    """How rows of one problem are fitted."""

    name: str
    setting: str
    """scikit-learn's name of the strength of regularisation."""
    strengths: Sequence[float]
    """What validation chooses among, at equal worth the first."""
    unseen: float
    """The strength where there are no validation rows to choose by."""
    fit: Callable[[Any, Labels, int, float], Answer]
    """From words, labels, the number of labels, and a strength."""
    worth: Callable[[Logits, Labels], float]
    """Of logits on validation; more is better."""


def fit_classes(rows: Any, labels: Labels, classes: int, strength: float) -> Answer:
    """Log-probabilities, −30 where a class was never seen in training."""
    model = _logistic(rows, labels, strength)

    def answer(others: Any) -> Logits:
        logits = np.full((others.shape[0], classes), -SURE)
        logits[:, model.classes_] = np.maximum(model.predict_log_proba(others), -SURE)
        return logits

    return answer


def fit_labels(rows: Any, labels: Labels, classes: int, strength: float) -> Answer:
    """Log-odds of each label, from a model of its own. A label that all training rows have, or none, has no model: it
    is sure to be there, or not to be."""
    varied = [number for number in range(classes) if len(np.unique(labels[:, number])) > 1]
    models = {number: _logistic(rows, labels[:, number], strength) for number in varied}
    constant = np.where(labels.all(axis=0), SURE, -SURE)

    def answer(others: Any) -> Logits:
        logits = np.repeat(constant[None], others.shape[0], axis=0)
        for number, model in models.items():
            logits[:, number] = np.clip(model.decision_function(others), -SURE, SURE)
        return logits

    return answer


def fit_numbers(rows: Any, labels: Labels, classes: int, strength: float) -> Answer:
    """Numbers in the labels' own unit, [N, 1]."""
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=strength).fit(rows, labels)
    return lambda others: np.asarray(model.predict(others), dtype=np.float64).reshape(-1, 1)


def _logistic(rows: Any, labels: Labels, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300).fit(rows, labels)


def _right(logits: Logits, labels: Labels) -> float:
    return float((answers_of(logits, "single_label") == labels).mean())


def _micro_f1(logits: Logits, labels: Labels) -> float:
    said = answers_of(logits, "multi_label")
    whole = int(said.sum(dtype=np.int64) + labels.sum(dtype=np.int64))
    return 2 * int((said & labels).sum(dtype=np.int64)) / whole if whole else 0.0


def _near(logits: Logits, labels: Labels) -> float:
    """Minus the mean squared error."""
    return -float(((logits[:, 0] - labels) ** 2).mean())


_LOGISTIC = ("TF-IDF + logistic regression", "C", (0.3, 1.0, 3.0, 10.0, 30.0), 10.0)
LINEAR: dict[Problem, Linear] = {
    "single_label": Linear(*_LOGISTIC, fit_classes, _right),
    "multi_label": Linear(*_LOGISTIC, fit_labels, _micro_f1),
    "regression": Linear(
        "TF-IDF + ridge regression", "alpha", (30.0, 10.0, 3.0, 1.0, 0.3, 0.1), 1.0, fit_numbers, _near
    ),
}
"""C is the inverse of what alpha is: strengths go from strong regularisation to weak."""
