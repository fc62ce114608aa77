"""An observer that keeps what it is told."""

from __future__ import annotations

from tunefork.store import EvaluationRecord, Predictions, StepRecord


class Kept:
    def __init__(self) -> None:
        self.steps: list[StepRecord] = []
        self.evaluations: list[tuple[EvaluationRecord, Predictions]] = []
        self.advanced: list[int] = []

    def step(self, record: StepRecord) -> None:
        self.steps.append(record)

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None:
        self.evaluations.append((record, predictions))

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
        self.advanced.append(step)
