"""What answers are worth, whatever the labels are; which problem that is they say themselves (``tunefork.problem``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunefork.metrics.calibration import softmax
from tunefork.metrics.classification import majority_class, score_classes
from tunefork.metrics.figures import Metrics
from tunefork.metrics.multi_label import score_labels, sigmoid, usual_labels
from tunefork.metrics.regression import mean_number, score_numbers
from tunefork.problem import Labels, Problem, problem_of


def score(logits: NDArray[np.floating], labels: Labels) -> Metrics:
    """All metrics of [N, C] logits against the labels; of numbers [N, 1] answers in the labels' unit.

    >>> score(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1])).accuracy
    1.0
    >>> score(np.array([[2.0]]), np.array([1.5])).mae
    0.5
    """
    problem = problem_of(labels)
    if problem == "multi_label":
        return score_labels(logits, labels)
    return score_numbers(logits, labels) if problem == "regression" else score_classes(logits, labels)


def majority(train: Labels, test: Labels, classes: int) -> Metrics:
    """What the training labels alone say of every test row: the most frequent class, each label that more than half of
    the rows have, or the mean of the numbers.

    >>> majority(np.array([0, 0, 1]), np.array([0, 1]), 2).accuracy
    0.5
    """
    problem = problem_of(train)
    if problem == "multi_label":
        return usual_labels(train, test)
    return mean_number(train, test) if problem == "regression" else majority_class(train, test, classes)


def probabilities(
    logits: NDArray[np.floating], problem: Problem, temperature: float | None = None
) -> NDArray[np.float64]:
    """[N, C] logits → [N, C] probabilities: of classes that add up to 1, of labels each for itself. Of numbers there
    are none, and the answers [N] are given instead.

    >>> probabilities(np.array([[0.0, 0.0]]), "multi_label").tolist()
    [[0.5, 0.5]]
    >>> probabilities(np.array([[2.5]]), "regression").tolist()
    [2.5]
    """
    if problem == "regression":
        return logits[:, 0].astype(np.float64)
    if problem == "multi_label":
        return sigmoid(logits / (temperature or 1.0))
    return softmax(logits, temperature)
