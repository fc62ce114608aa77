"""One run's progress: its best evaluation, early stopping, and whether it had converged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

import torch

from tunefork.config import LOWER_IS_BETTER, TrainingConfig
from tunefork.engine.optimise import rate_factor
from tunefork.plan.steps import warmup_steps
from tunefork.store import EvaluationRecord

FALLING = 0.01
"""A validation loss that fell by more than this share at the last evaluation was still falling."""
STRAIGHT = 0.75
"""So was one that fell at the end at more than this share of its speed since the first, per learning rate spent."""
LATELY = 0.1
"""The end: the evaluations that span this share of the learning rate that was spent."""

REMEMBERED = (
    "active", "status", "reason", "steps", "epoch", "stopped_early", "best_step", "losses", "_best", "_watched",
    "_waiting", "_validation", "_at", "notices",
)  # fmt: skip
"""What a run that is laid aside takes along, beside its weights."""


@dataclass
class RunProgress:
    """What the loop remembers of one run."""

    training: TrainingConfig
    selection_metric: str
    active: bool = True
    status: Literal["done", "diverged", "stopped"] = "done"
    reason: str = ""
    steps: int = 0
    epoch: float = 0.0
    """Behind its last step."""
    stopped_early: bool = False
    best_step: int | None = None
    best_weights: dict[str, torch.Tensor] | None = None
    losses: list[float] = field(default_factory=list)
    """Training losses since the last record."""
    notices: list[str] = field(default_factory=list)
    """What the user should know of its training."""
    lower: frozenset[str] = LOWER_IS_BETTER
    """Metrics of which lower is better."""
    total: int = 0
    """Steps of the whole training."""
    _best: float = math.inf
    _watched: float = math.inf
    _waiting: int = 0
    _validation: list[float] = field(default_factory=list)
    _at: list[int] = field(default_factory=list)
    """The steps of the validations."""

    def saw(self, evaluation: EvaluationRecord) -> bool:
        """Take note of a validation; True when its weights are the best so far, and the best are to be kept."""
        self._validation.append(evaluation.loss)
        self._at.append(evaluation.step)
        self._watch(evaluation)
        value = self._lower(evaluation, self.selection_metric)
        if value < self._best and self.training.best_weights:
            self._best, self.best_step = value, evaluation.step
            return True
        return False

    def _watch(self, evaluation: EvaluationRecord) -> None:
        stopping = self.training.early_stopping
        if stopping is None:
            return
        value = self._lower(evaluation, stopping.metric)
        if value < self._watched - stopping.min_delta:
            self._watched, self._waiting = value, 0
            return
        self._waiting += 1
        if self._waiting >= stopping.patience:
            self.active, self.stopped_early = False, True

    @property
    def converged(self) -> bool | None:
        """False when the validation loss was still falling; None with fewer than two.

        It was when the last is the lowest by more than ``FALLING``, or the lowest and it fell in a straight line to the
        end: where the rate decays, the last epoch of three makes a ninth of the way, and a run that has hardly begun
        falls little.
        """
        if len(self._validation) < 2:
            return None
        before, last = min(self._validation[:-1]), self._validation[-1]
        return not (last < before * (1 - FALLING) or (last < before and self._straight()))

    def _straight(self) -> bool:
        """Whether the loss fell at the end nearly as much per learning rate as since the first evaluation, so that as
        long a training again would matter."""
        losses, spent = self._validation, self._spent()
        ends = [at for at, before in enumerate(spent[:-1]) if spent[-1] - before >= LATELY * spent[-1] > 0]
        if len(ends) < 2:
            return False
        overall, lately = ((losses[at] - losses[-1]) / (spent[-1] - spent[at]) for at in (ends[0], ends[-1]))
        return lately > STRAIGHT * overall and lately * spent[-1] > FALLING * losses[-1]

    def _spent(self) -> list[float]:
        """The learning rate that was spent by each validation, in steps at the full rate; empty where nobody knows."""
        if len(self._at) < len(self._validation):  # laid aside by an older version
            return []
        warmup, schedule = warmup_steps(self.total, self.training), self.training.schedule
        sums = [0.0, *accumulate(rate_factor(step, self.total, warmup, schedule) for step in range(self.total))]
        return [sums[min(step, self.total)] for step in self._at]

    def remembered(self) -> dict[str, Any]:
        """All of it but the weights, as plain values."""
        return {name: getattr(self, name) for name in REMEMBERED}  # kept as JSON before anything changes

    def recall(self, values: Mapping[str, Any]) -> None:
        """Put back what ``remembered`` gave."""
        for name in REMEMBERED:
            if name in values:  # an older version remembered less
                value = values[name]
                setattr(self, name, list(value) if isinstance(value, list) else value)

    def mean_loss(self) -> float:
        """Mean training loss since the last call."""
        mean = sum(self.losses) / len(self.losses)
        self.losses.clear()
        return mean

    def _lower(self, evaluation: EvaluationRecord, metric: str) -> float:
        """The metric as a number of which lower is better; what is not known is never best."""
        value = evaluation.metric(metric)
        if math.isnan(value):
            return math.inf
        return value if metric in self.lower else -value
