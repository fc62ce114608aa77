"""How many steps a study has made of how many, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from tunefork.config import TrainingConfig
from tunefork.page.standing import OPEN
from tunefork.plan import total_steps
from tunefork.store import RunRecord, StepRecord


@dataclass(frozen=True)
class Pace:
    """One run: how far it is, and how fast."""

    record: RunRecord
    step: int
    """Steps made."""
    steps: int
    """Steps that it will have made; 0 where that is unknown."""
    each: float = 0.0
    """Seconds of a step; 0 where that is unknown."""

    @property
    def left(self) -> int:
        """Steps that it has still to make."""
        return max(0, self.steps - self.step) if self.record.status in OPEN else 0


def pace(record: RunRecord, rows: int, first: StepRecord | None, last: StepRecord | None) -> Pace:
    """How far a run is.

    Args:
        record: the run's. Its ``steps`` are planned before, and made after training; in between they are neither.
        rows: of training.
        first: the earliest of its training records since it began or, after an interruption, went on.
        last: the last one.
    """
    if record.status not in OPEN:
        return Pace(record, record.steps, record.steps, record.seconds / record.steps if record.steps else 0.0)
    if record.status == "planned":
        return Pace(record, 0, record.steps or _steps(record, rows))
    step = max(record.steps, last.step if last else 0)
    return Pace(record, step, _steps(record, rows), _each(first, last))


def _each(first: StepRecord | None, last: StepRecord | None) -> float:
    if first is None or last is None:
        return 0.0
    if first.step == last.step:
        return last.seconds / last.step
    return (last.seconds - first.seconds) / (last.step - first.step)


def _steps(record: RunRecord, rows: int) -> int:
    try:
        return total_steps(rows, TrainingConfig.model_validate(record.config.get("training", {})))
    except ValidationError:  # an older tunefork knew other settings
        return 0


def seconds_left(runs: Sequence[Pace], workers: int = 1) -> float | None:
    """How long a study will still take; None as long as nothing is known.

    A run that has ended says what a step of its strategy costs: its share of the time of all that trained together with
    it. Where none of a strategy has ended, those that train now say it: they advance together, each as fast as it does.

    Args:
        runs: all of the study.
        workers: groups that train at the same time.
    """
    ended: dict[str, list[float]] = {}
    for run in runs:
        if run.record.status == "done" and run.each > 0:
            ended.setdefault(run.record.strategy, []).append(run.each)
    costs = {strategy: sum(known) / len(known) for strategy, known in ended.items()}
    busy = [run for run in runs if run.record.status == "running"]
    for run in busy:
        if run.each > 0:
            costs.setdefault(run.record.strategy, run.each * workers / len(busy))
    if not costs:
        return None
    usual = sum(costs.values()) / len(costs)
    return sum(run.left * costs.get(run.record.strategy, usual) for run in runs) / workers
