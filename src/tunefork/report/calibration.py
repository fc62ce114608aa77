"""What a run's probabilities are worth on the test rows, before and after its temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunefork import metrics
from tunefork.report.wording import number, percent
from tunefork.store import Predictions


@dataclass(frozen=True)
class Reliability:
    """Probabilities against what came true."""

    loss: float
    """Mean cross-entropy in nats."""
    ece: float
    """Expected calibration error, 0 to 1."""
    bins: tuple[metrics.Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """One run on the test rows."""

    temperature: float | None
    before: Reliability
    after: Reliability | None
    """With the temperature; None where there is none."""

    def __str__(self) -> str:
        before, after = self.before, self.after
        if after is None or self.temperature is None:
            return f"no temperature was fitted; ECE {percent(before.ece)} %, loss {number(before.loss)} on test"
        return (
            f"temperature {self.temperature:.3g}, fitted on validation; on test ECE {percent(before.ece)} % before and "
            f"{percent(after.ece)} % after, loss {number(before.loss)} and {number(after.loss)}"
        )


def calibration_of(answers: Predictions, temperature: float | None) -> Calibration | None:
    """How well calibrated answers are, as they are and with a temperature; None where they are no numbers, and where a
    row has several labels or a number: expected calibration error is of one class per row."""
    if answers.problem != "single_label" or not len(answers.labels) or not np.isfinite(answers.logits).all():
        return None
    after = _reliability(answers, temperature) if temperature is not None else None
    return Calibration(temperature, _reliability(answers, None), after)


def _reliability(answers: Predictions, temperature: float | None) -> Reliability:
    bins = metrics.reliability(metrics.softmax(answers.logits, temperature), answers.labels)
    return Reliability(metrics.log_loss(answers.logits, answers.labels, temperature), metrics.error_of(bins), bins)
