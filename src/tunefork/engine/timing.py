"""A few timed steps of a run, on real batches, to estimate what the study will take."""

from __future__ import annotations

import statistics
import time

import numpy as np

from tunefork.config import RunConfig
from tunefork.engine.assemble import assemble
from tunefork.engine.batches import chunks
from tunefork.engine.loop import Rows, Training
from tunefork.engine.precision import Precision
from tunefork.models import Backbone
from tunefork.plan import StepTiming
from tunefork.store import EvaluationRecord, Predictions, StepRecord
from tunefork.strategies import Selection

STEPS = 4
"""Timed after one that warms up; their median counts."""


class _Nobody:
    """An observer of steps that are only timed."""

    def step(self, record: StepRecord) -> None: ...

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None: ...

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None: ...


def time_steps(
    backbone: Backbone, run: RunConfig, selection: Selection, rows: Rows, precision: Precision
) -> StepTiming:
    """Time a few optimizer steps and one evaluation batch of a run, on a model that is thrown away."""
    training = Training(assemble(backbone, [run], [selection], precision), [run], rows, _Nobody())
    took = []
    for chunk in chunks(run.seed, len(rows.train.labels), run.training, STEPS + 1):
        began = time.perf_counter()
        training.step([chunk])
        took.append(time.perf_counter() - began)
    split = rows.validation or rows.train
    batch = np.arange(min(len(split.labels), run.training.eval_batch_size))
    began = time.perf_counter()
    training.group.evaluate_logits(training.group.batch(split, [batch], rows.pad_id))
    return StepTiming(statistics.median(took[1:] or took), (time.perf_counter() - began) / len(batch))
