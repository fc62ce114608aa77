"""What a store has of a run and of a baseline: their answers on test, with what rows contribute to a ranking."""

from __future__ import annotations

import hashlib
import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tunefork.report.run_summary import Answers, RunSummary
from tunefork.report.scoring import ranked
from tunefork.store import BaselineRecord, Predictions, RunRecord, Store, StudyRecord


def read_run(store: Store, record: RunRecord, study: StudyRecord) -> RunSummary:
    """A run with everything recorded of it."""
    evaluations, steps = tuple(store.evaluations(record.id)), tuple(store.steps(record.id))
    if all(one.split != "test" for one in evaluations):
        return RunSummary(record, steps, evaluations, None, problem=study.problem)
    read = partial(store.predictions, record.id, "test")
    predictions = read()
    answers = _answers(predictions, ranked(predictions) if study.selection_metric == "auroc" else None)
    return RunSummary(record, steps, evaluations, answers, read, study.problem)


def baseline_answers(store: Store, record: BaselineRecord, metric: str) -> Answers:
    """What a baseline answered, where validation chose by this metric."""
    predictions = store.predictions(record.id, "test")
    ranks = metric == "auroc" and math.isfinite(record.loss)  # without probabilities there is nothing to rank by
    return _answers(predictions, ranked(predictions) if ranks else None)


def _answers(predictions: Predictions, contributions: NDArray[np.float64] | None) -> Answers:
    rows = hashlib.sha256("\0".join(predictions.ids).encode() + predictions.labels.tobytes()).hexdigest()
    return Answers(rows, predictions.labels, predictions.predicted, contributions)
