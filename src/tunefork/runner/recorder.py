"""Between the engine and the store: every record is kept first, then shown."""

from __future__ import annotations

from tunefork.runner.protocol import Watcher
from tunefork.runner.wishes import StoreWishes
from tunefork.store import EvaluationRecord, Predictions, StepRecord, Store


class Recorder:
    """The engine's observer: writes to the store and tells the watcher."""

    def __init__(self, store: Store, watcher: Watcher, group: int, wishes: StoreWishes) -> None:
        self._store, self._watcher, self._group, self._loss = store, watcher, group, None
        self._wishes = wishes
        """Knows the runs that have ended and train only for their group's sake."""

    _loss: float | None

    def step(self, record: StepRecord) -> None:
        """Keep a training record."""
        if record.run not in self._wishes.ended:
            self._store.add_step(record)
        self._loss = record.loss

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None:
        """Keep an evaluation and its predictions."""
        if record.run not in self._wishes.ended:
            self._store.add_evaluation(record, predictions)

    def tell(self, text: str) -> None:
        """Tell the watcher something about the group."""
        self._watcher.tell(self._group, text)

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
        """Move the display."""
        self._watcher.step(self._group, step, self._loss)
        self._loss = None
