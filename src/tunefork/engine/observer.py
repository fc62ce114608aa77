"""What the engine reports while it trains. The runner passes an observer in; the engine knows no store, no screen."""

from __future__ import annotations

from typing import Protocol

from tunefork.store import EvaluationRecord, Predictions, StepRecord


class Observer(Protocol):
    """Receives records in the order in which they happen."""

    def step(self, record: StepRecord) -> None:
        """Training progress of one run, every ``log_every`` steps."""

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None:
        """A finished evaluation of one run."""

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
        """A group finished an optimizer step; for progress displays."""
