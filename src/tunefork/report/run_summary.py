"""One run as a report sees it: its record, its evaluations, its answers on the test rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunefork.problem import Labels, Problem, right
from tunefork.report.calibration import Calibration, calibration_of
from tunefork.report.units import Units, units_of
from tunefork.store import EvaluationRecord, Predictions, RunRecord, StepRecord


@dataclass(frozen=True)
class Spread:
    """Values of several seeds: their mean and standard deviation (n - 1; None for one seed). NaN is left out."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return math.fsum(self.values) / len(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


@dataclass(frozen=True, eq=False)
class Answers:
    """One run's answers on the test split. Two runs can be compared row by row when ``rows`` is equal."""

    rows: str
    """Hash of the rows' ids and labels."""
    labels: Labels
    """[N] classes, [N, C] 0 or 1, or [N] numbers."""
    predicted: Labels
    """In the same form."""
    ranked: NDArray[np.float64] | None = None
    """[N] what each row contributes to AUROC, where the verdict is about that and the rows have it."""

    @property
    def correct(self) -> NDArray[np.bool_]:
        """[N] whether the prediction is the label, or all labels are right; of numbers a ValueError."""
        return right(self.predicted, self.labels)


@dataclass(frozen=True, eq=False)
class RunSummary:
    """One run with everything recorded of it."""

    record: RunRecord
    steps: tuple[StepRecord, ...]
    evaluations: tuple[EvaluationRecord, ...]
    answers: Answers | None
    """On test; None when the run has no test evaluation."""
    read: Callable[[], Predictions] | None = None
    """Reads the answers on test again, logits included: they are too large to be kept."""
    problem: Problem = "single_label"

    @property
    def done(self) -> bool:
        """Whether it finished."""
        return self.record.status == "done"

    @property
    def broken(self) -> bool:
        """Whether it failed, diverged or was stopped on demand."""
        return self.record.broken

    @cached_property
    def test(self) -> EvaluationRecord | None:
        """The test evaluation."""
        return next((one for one in reversed(self.evaluations) if one.split == "test"), None)

    @cached_property
    def validation(self) -> EvaluationRecord | None:
        """The validation of the weights that were kept, the last one where no step is named."""
        found = [one for one in self.evaluations if one.split == "validation"]
        kept = [one for one in found if one.step == self.record.best_step]
        return (kept or found)[-1] if found else None

    @cached_property
    def calibration(self) -> Calibration | None:
        """What its probabilities are worth on test; None when the run has no test evaluation, or its problem no such
        probabilities."""
        return calibration_of(self.read(), self.record.temperature) if self.read else None

    @property
    def units(self) -> Units:
        """How its metrics are told."""
        return units_of(self.problem, self.answers.labels if self.answers else None)

    @property
    def final_training_loss(self) -> float:
        """The last recorded training loss; NaN when nothing was recorded."""
        return self.steps[-1].loss if self.steps else math.nan

    def on(self, split: str) -> EvaluationRecord | None:
        """The evaluation on ``test`` or ``validation``."""
        return self.test if split == "test" else self.validation
