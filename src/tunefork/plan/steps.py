"""How many optimizer steps a run makes, and when it is evaluated."""

from __future__ import annotations

import math

from tunefork.config import TrainingConfig


def steps_per_epoch(rows: int, training: TrainingConfig) -> int:
    """Optimizer steps that see every row once; the last may see fewer rows.

    >>> steps_per_epoch(100, TrainingConfig(batch_size=16, accumulation=2))
    4
    """
    return math.ceil(rows / (training.batch_size * training.accumulation))


def total_steps(rows: int, training: TrainingConfig) -> int:
    """Optimizer steps of a run: ``steps``, or ``epochs`` times the steps of an epoch, rounded up.

    >>> total_steps(100, TrainingConfig(epochs=1.5, batch_size=10))
    15
    """
    return training.steps or math.ceil(training.epochs * steps_per_epoch(rows, training) - 1e-9)


def evaluation_interval(rows: int, training: TrainingConfig) -> int:
    """Optimizer steps between two evaluations on validation.

    >>> evaluation_interval(100, TrainingConfig(eval_every="0.5 epochs", batch_size=10))
    5
    """
    if isinstance(training.eval_every, int):
        return training.eval_every
    epochs = float(training.eval_every.split()[0])
    return max(1, round(epochs * steps_per_epoch(rows, training)))


def warmup_steps(steps: int, training: TrainingConfig) -> int:
    """Steps of warm-up: ``warmup`` itself when it is 1 or more, else that share of all steps, rounded up.

    >>> warmup_steps(100, TrainingConfig(warmup=0.06)), warmup_steps(100, TrainingConfig(warmup=50))
    (6, 50)
    """
    return int(training.warmup) if training.warmup >= 1 else math.ceil(steps * training.warmup - 1e-9)
