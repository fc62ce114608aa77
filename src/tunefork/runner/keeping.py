"""What becomes of a run that is trained: saved, loaded back and compared, before it counts as done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tunefork.config import RunConfig
from tunefork.engine import Artefact, GroupModel, save_run, verify_run
from tunefork.metrics import fit_temperature
from tunefork.problem import answers_of, right
from tunefork.runner.protocol import Job
from tunefork.store import Predictions, RunRecord, Store
from tunefork.store.whole import seal

CHECKED_ROWS = (8, 64)
"""A saved artefact is compared on so many rows: at least, at most."""
FEW_ROWS = 100
"""Validation rows below which a temperature may well make probabilities worse."""
CHECKED_TOKENS = 1024
"""Padded tokens between these bounds: the comparison is in fp32, and a study of many runs would wait for it."""


def keep_run(group: GroupModel, number: int, run: RunConfig, record: RunRecord, job: Job, store: Store) -> RunRecord:
    """Save one run, load it back and compare, before it counts as done."""
    selection = job.selections[run.configuration]
    record = _calibrated(record, job, store)
    facts = {**job.facts, "run": run.model_dump(mode="json"), "name": record.name, "temperature": record.temperature}
    artefact = save_run(group, number, job.backbone, run, selection, store.run_folder(run.id), facts, job.rows.unit)
    notice, latency = _verify(artefact, run, record, job, store)
    store.put_run(replace(record, status="running"))  # the predictions that are written are those of its best step
    if job.rows.validation is not None or job.rows.test is not None:
        store.write_predictions(run.id, tuple(job.facts["labels"]))
    seal(store.run_folder(run.id))
    notices = (*record.notices, notice) if notice else record.notices
    return replace(record, artefact=artefact.kind, latency_ms=1000 * latency, notices=notices)


def _calibrated(record: RunRecord, job: Job, store: Store) -> RunRecord:
    """Adds the temperature that fits the kept weights' answers on validation, where rows have one class each."""
    if job.rows.validation is None:
        return record
    answers = store.predictions(record.id, "validation", record.best_step)
    if answers.problem != "single_label":
        return record
    temperature = fit_temperature(answers.logits, answers.labels)
    rows, notices = len(answers.labels), record.notices
    if temperature is None:
        notices += ("its probabilities are not calibrated: no temperature makes the validation loss lowest",)
    elif rows < FEW_ROWS:
        notices += (f"its temperature comes from {rows} validation rows, too few to rely on: compare ECE on test",)
    return replace(record, temperature=temperature, notices=notices)


def _verify(artefact: Artefact, run: RunConfig, record: RunRecord, job: Job, store: Store) -> tuple[str, float]:
    """Check the artefact; say how often the precision of training and fp32 agree, and how long one answer takes."""
    split = job.rows.validation or job.rows.train
    fewest, most = CHECKED_ROWS
    rows = min(max(fewest, CHECKED_TOKENS // int(split.lengths[:most].max())), most, len(split))
    found = verify_run(artefact, job.backbone, run, job.selections[run.configuration], split, rows)
    if job.rows.validation is None or record.precision == "fp32":
        return "", found.latency
    trained = store.predictions(run.id, "validation", record.best_step)
    return _agreement(trained, found.logits.numpy(), record.precision), found.latency


def _agreement(trained: Predictions, logits: NDArray[np.float32], precision: str) -> str:
    """How far the first answers in the precision of training are those in fp32."""
    rows = len(logits)
    first, again = trained.predicted[:rows], answers_of(logits, trained.problem)
    if trained.problem == "regression":
        apart = float(np.abs(first - again).mean())
        return f"answers in {precision} and fp32 are {apart:.2g} apart on average, on {rows} validation rows"
    agreeing = int(right(first, again).sum())
    return f"predictions in {precision} and fp32 agree on {agreeing} of {rows} validation rows"
