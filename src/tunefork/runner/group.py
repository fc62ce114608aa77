"""One group of runs from beginning to end: train, save, check, record. Every runner does this, wherever it does it."""

from __future__ import annotations

import math
import shutil
import time
import traceback
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tunefork.config import HEADLINE, RunConfig, digest
from tunefork.engine import (
    Artefact,
    Checkpoints,
    GroupModel,
    Observer,
    Outcome,
    Paused,
    Precision,
    PrefixCache,
    Training,
    assemble,
    choose_precision,
    counted,
    out_of_memory,
    save_run,
    verify_run,
)
from tunefork.errors import DiskFullError, StoppedError, TuneforkError
from tunefork.metrics import fit_temperature
from tunefork.plan import PlannedRun
from tunefork.problem import answers_of, right
from tunefork.runner.laid_aside import LaidAside
from tunefork.runner.memory_shortage import MemoryShortage
from tunefork.runner.protocol import Job, Watcher
from tunefork.runner.recorder import Recorder
from tunefork.store import EvaluationRecord, Predictions, RunRecord, Store
from tunefork.store.space import disk_full
from tunefork.store.whole import seal

CHECKED_ROWS = (8, 64)
"""A saved artefact is compared on so many rows: at least, at most."""
FEW_ROWS = 100
"""Validation rows below which a temperature may well make probabilities worse."""
CHECKED_TOKENS = 1024
"""Padded tokens between these bounds: the comparison is in fp32, and a study of many runs would wait for it."""


@dataclass(frozen=True)
class Order:
    """One group to train."""

    number: int
    """Its place in the plan."""
    planned: tuple[PlannedRun, ...]
    """The runs that train: those that are not done or, where the group was cut off on its way, all of them."""
    precision: str
    """What ``precision: auto`` stands for."""
    kept: frozenset[str] = frozenset()
    """Runs that are done and train again only because a group of others would round in another way."""


def order_of(
    number: int, runs: Sequence[PlannedRun], done: Set[str], known: Mapping[str, RunRecord], precision: str
) -> Order:
    """The order for a group, some of whose runs may be done.

    Args:
        number: of the group.
        runs: all of it.
        done: the ids of which the plan asks nothing more.
        known: the records of all runs, by id.
        precision: what ``auto`` stands for.
    """
    waiting = tuple(run for run in runs if run.config.id not in done)
    if any(known[run.config.id].status == "running" for run in waiting):
        return Order(number, tuple(runs), precision, frozenset(done) & {run.config.id for run in runs})
    return Order(number, waiting, precision)


def execute_group(order: Order, job: Job, store: Store, watcher: Watcher, cache: PrefixCache) -> None:
    """Train the runs of an order in one pass; each ends as ``Runner`` says."""
    if job.deadline is not None and time.time() >= job.deadline:
        return
    watcher.group(order.number, tuple(run.name for run in order.planned), order.planned[0].last)
    for planned, resumed in LaidAside(store.folder).together(order.planned):
        observer = Recorder(store, watcher, order.number, order.kept)
        _execute(_Pass(tuple(planned), tuple(resumed)), order, job, store, observer, cache)
    tell_ends(order, store, watcher)


@dataclass(frozen=True)
class _Pass:
    """Runs that train together, from the same step."""

    planned: tuple[PlannedRun, ...]
    resumed: tuple[Paused, ...]
    """What each goes on from, where they were laid aside."""

    @property
    def key(self) -> str:
        """Equal for the same runs as far as the same step: no others would go on with the same bits."""
        return digest([[run.config.id for run in self.planned], self.planned[0].last], 16)

    def halves(self) -> tuple[_Pass, _Pass]:
        """The same runs in two passes."""
        middle = -(-len(self.planned) // 2)
        return (
            _Pass(self.planned[:middle], self.resumed[:middle]),
            _Pass(self.planned[middle:], self.resumed[middle:]),
        )


def _execute(one: _Pass, order: Order, job: Job, store: Store, observer: Recorder, cache: PrefixCache) -> None:
    """Train one pass. Where memory runs out, it is split in two or, of a lone run, its batches are halved: kept in the
    store, and so done at once when the study is continued."""
    short = MemoryShortage(store)
    if short.splits(one.key):
        for half in one.halves():
            _execute(half, order, job, store, observer, cache)
        return
    beginning = {run.config.id: run.notices for run in one.planned if run.config.id not in order.kept}
    if not beginning:
        return
    own = list(beginning)
    checkpoints = Checkpoints(store.folder / "checkpoints" / one.key, job.save_every.seconds, job.save_every.steps)
    for run in own:
        if not one.resumed and not checkpoints.any:
            store.clear(run)
        shutil.rmtree(store.run_folder(run))
    # what a sitting before told of a run, this one tells again
    start = one.resumed[0].step if one.resumed else 0
    store.put_runs(
        [
            replace(store.run(run), status="running", reason="", steps=start, notices=told)
            for run, told in beginning.items()
        ]
    )
    again = False
    try:
        precision = choose_precision(one.planned[0].config.training.precision, automatic=order.precision)
        _train(one, precision, job, store, observer, cache, checkpoints, order.kept)
    except (StoppedError, DiskFullError):
        raise  # not the group's own failure: it goes on from here
    except Exception as error:
        if full := disk_full(error, str(store.folder)):
            raise full from error
        again = out_of_memory(error) and short.spare(one.key, [run.config.id for run in one.planned], _batch(one))
        if not again:
            # One group's failure must not end the study: it is recorded, shown, and in the exit status.
            fail_runs(own, error, store)
    if not again or len(one.planned) > 1:
        checkpoints.forget()
    if again:  # behind the error, whose frames hold the tensors that did not fit
        _execute(one, order, job, store, observer, cache)


def _batch(one: _Pass) -> int:
    return one.planned[0].config.training.batch_size


def tell_ends(order: Order, store: Store, watcher: Watcher) -> None:
    """Tell the watcher how the runs of an order ended."""
    for run in order.planned:
        record = store.run(run.config.id)
        found = store.evaluations(record.id, "test") or store.evaluations(record.id)
        figures = {name: found[-1].metric(name) for name in ("loss", _headline(found[-1]))} if found else {}
        name = f"{record.name}, seed {record.seed}"
        watcher.finish(order.number, name, record.status, figures, record.reason)


def _headline(found: EvaluationRecord) -> str:
    """The metric that people look at first; which problem it is, an evaluation's own metrics say."""
    known = [name for name in reversed(HEADLINE.values()) if math.isfinite(found.metric(name))]
    return known[0] if known else HEADLINE["single_label"]


def _train(
    one: _Pass,
    precision: Precision,
    job: Job,
    store: Store,
    observer: Observer,
    cache: PrefixCache,
    checkpoints: Checkpoints,
    kept: frozenset[str],
) -> None:
    planned, short = one.planned, MemoryShortage(store)
    runs = [run.config for run in planned]
    selections = [job.selections[run.configuration] for run in runs]
    group = assemble(job.backbone, runs, selections, precision, cache)
    training = Training(
        group, runs, job.rows, observer, job.selection_metric, job.own,
        until=planned[0].until, resumed=one.resumed, deadline=job.deadline, finish=job.finish, checkpoints=checkpoints,
        most=short.most(one.key),
    )  # fmt: skip
    laid_aside, pausing = LaidAside(store.folder), []
    for number, (run, outcome) in enumerate(zip(runs, training.run())):
        if run.id in kept:
            continue
        record = _finished(store.run(run.id), outcome, precision.name)
        more = (*checkpoints.notices, *short.notices(run.id))
        record = replace(record, counted=counted(group.slots, number), notices=(*record.notices, *more))
        if outcome.paused is not None:
            laid_aside.put(run.id, outcome.paused)
            pausing.append(record)
            continue
        if outcome.status == "done" and job.keep:
            record = _keep(group, number, run, record, job, store)
        store.put_run(record)
    store.put_runs(pausing)  # all at once: a part of them could not go on as this group
    laid_aside.tidy([run.config.id for run in planned], {record.id for record in pausing})


def _keep(group: GroupModel, number: int, run: RunConfig, record: RunRecord, job: Job, store: Store) -> RunRecord:
    """Save one run, load it back and compare, before it counts as done."""
    selection = job.selections[run.configuration]
    record = _calibrated(record, job, store)
    facts = {**job.facts, "run": run.model_dump(mode="json"), "name": record.name, "temperature": record.temperature}
    artefact = save_run(group, number, job.backbone, run, selection, store.run_folder(run.id), facts, job.rows.unit)
    notice, latency = _verify(artefact, run, record, job, store)
    store.put_run(replace(record, status="running"))  # the predictions that are written are those of its best step
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


def _finished(record: RunRecord, outcome: Outcome, precision: str) -> RunRecord:
    return replace(
        record,
        status=outcome.status,
        reason=outcome.reason,
        steps=outcome.steps,
        best_step=outcome.best_step,
        converged=outcome.converged,
        stopped_early=outcome.stopped_early,
        seconds=outcome.seconds,
        seconds_alone=outcome.seconds,
        peak_memory_mb=outcome.peak_memory_mb,
        precision=precision,
        notices=(*record.notices, *outcome.notices),
    )


def fail_runs(runs: Sequence[str], error: Exception, store: Store) -> None:
    """Record why runs failed that had begun."""
    reason = str(error) if isinstance(error, TuneforkError) else f"{type(error).__name__}: {error}"
    for run_id in runs:
        if store.run(run_id).status == "running":
            store.put_run(replace(store.run(run_id), status="failed", reason=reason))
            text = "".join(traceback.format_exception(error))
            shutil.rmtree(store.run_folder(run_id))  # a model that failed its check must not be found and used
            (store.run_folder(run_id) / "error.txt").write_text(text, encoding="utf-8")
