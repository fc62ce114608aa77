"""What a row's label is: one of several classes, any number of labels, or a number."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Problem = Literal["single_label", "multi_label", "regression"]
"""transformers' ``problem_type`` begins with the same words."""
Labels = NDArray[Any]
"""[N] int64 class numbers, [N, C] int8 of 0 and 1 for each of C labels, or [N] float64 numbers: they say themselves
what the problem is, see ``problem_of``."""


def problem_of(labels: Labels) -> Problem:
    """Which problem labels belong to, by their shape and type.

    >>> problem_of(np.array([0, 2])), problem_of(np.array([[0, 1], [1, 1]], dtype=np.int8)), problem_of(np.array([0.5]))
    ('single_label', 'multi_label', 'regression')
    """
    if labels.ndim == 2:
        return "multi_label"
    return "regression" if labels.dtype.kind == "f" else "single_label"


def answers_of(logits: NDArray[np.floating], problem: Problem) -> Labels:
    """What [N, C] logits answer, in the form of labels: the likeliest class [N], the labels whose probability is above
    one half [N, C] (a logit above 0), or the number itself [N].

    >>> answers_of(np.array([[2.0, -1.0]]), "multi_label").tolist()
    [[1, 0]]
    """
    if problem == "multi_label":
        return (logits > 0).astype(np.int8)
    if problem == "regression":
        return np.asarray(logits[:, 0], dtype=np.float64)
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)


def right(predicted: Labels, labels: Labels) -> NDArray[np.bool_]:
    """[N] whether the class is right, or all labels of a row are.

    Raises:
        ValueError: of numbers, which are neither right nor wrong.
    """
    problem = problem_of(labels)
    if problem == "regression":
        raise ValueError("numbers are neither right nor wrong")
    same = np.asarray(predicted == labels)
    return np.asarray(same.all(axis=1) if problem == "multi_label" else same, dtype=np.bool_)
