"""A few timed steps of a group, on real batches, to estimate what the study will take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tunefork.config import RunConfig
from tunefork.data import EncodedSplit
from tunefork.engine.assemble import assemble
from tunefork.engine.batches import chunks
from tunefork.engine.loop import Training
from tunefork.engine.material import Rows
from tunefork.engine.precision import Precision
from tunefork.engine.prefix_cache import PrefixCache
from tunefork.models import Backbone
from tunefork.plan import StepTiming
from tunefork.store import EvaluationRecord, Predictions, StepRecord
from tunefork.strategies import Selection

TIMED_STEPS = 12
"""Timed at most."""
ENOUGH = 4
"""Steps after which ``BUDGET`` seconds end the timing."""
BUDGET = 2.0


class _Nobody:
    """An observer of steps that are only timed."""

    def step(self, record: StepRecord) -> None: ...

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None: ...

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None: ...


def time_steps(
    backbone: Backbone,
    runs: Sequence[RunConfig],
    selections: Sequence[Selection],
    rows: Rows,
    precision: Precision,
    steps: int = TIMED_STEPS,
) -> StepTiming:
    """Time a few optimizer steps and one evaluation batch of a group, on a model that is thrown away.

    Only the rows of these steps are looked at; where the runs have a frozen prefix, these rows pass through it once,
    and the time of that is told apart.
    """
    training = runs[0].training
    train, order = _few(rows.train, runs[0], training.batch_size * training.accumulation * steps)
    group = assemble(backbone, runs, selections, precision, PrefixCache())
    work = Training(group, runs, replace(rows, train=train), _Nobody())
    began = time.perf_counter()
    group.batch(train, [order[:1]] * len(runs), rows.pad_id)  # fills the cache of the prefix
    prefix = (time.perf_counter() - began) / len(train)
    took = []
    for parts in zip(*(chunks(run.seed, len(train), run.training, steps, train.labels) for run in runs)):
        began = time.perf_counter()
        work.step(parts)
        took.append(time.perf_counter() - began)
        if len(took) >= ENOUGH and sum(took) > BUDGET:
            break
    batch = np.arange(min(len(train), training.eval_batch_size))
    began = time.perf_counter()
    group.evaluate_logits(group.batch(train, [batch] * len(runs), rows.pad_id))
    seconds = (time.perf_counter() - began) / len(batch)
    # While the heap grows, steps are up to three times slower; the faster ones are what a long training is made of.
    usual = float(np.quantile(took, 0.25))
    return StepTiming(usual, seconds, prefix if group.depth and not training.augment else 0.0)


def _few(split: EncodedSplit, run: RunConfig, count: int) -> tuple[EncodedSplit, np.ndarray]:
    """The first rows that a run would see, as a split of their own, and their numbers in it."""
    training = run.training.model_copy(update={"batch_size": count})
    chosen = next(chunks(run.seed, len(split), training, 1, split.labels)).micro[0]
    return split.take(np.sort(chosen)), np.arange(len(chosen))
