"""From a model's logits to what a user reads: labels, lists of labels, numbers, and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from tunefork import metrics
from tunefork.problem import Problem, answers_of


class Answers:
    """How one model's logits are told.

    Args:
        facts: of ``tunefork.json``.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self.labels: tuple[str, ...] = tuple(facts["labels"])
        self.temperature: float | None = facts.get("temperature")
        self.problem: Problem = facts.get("problem", "single_label")

    def told(self, logits: np.ndarray) -> list[Any]:
        """Of [N, classes]: N labels, lists of those that are more likely than not, or numbers.

        >>> Answers({"labels": ["no", "yes"]}).told(np.array([[0.1, 2.0]]))
        ['yes']
        """
        answers = answers_of(logits, self.problem)
        if self.problem == "multi_label":
            return [[label for label, has in zip(self.labels, row) if has] for row in answers]
        return [float(each) if self.problem == "regression" else self.labels[each] for each in answers]

    def probabilities(self, logits: np.ndarray, calibrated: bool = True) -> np.ndarray | None:
        """[N, classes] of [N, classes], with the temperature where ``calibrated``; None for numbers."""
        if self.problem == "regression":
            return None
        return metrics.probabilities(logits, self.problem, self.temperature if calibrated else None)
