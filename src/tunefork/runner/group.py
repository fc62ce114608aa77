"""One group of runs from beginning to end: train, save, check, record. Every runner does this, wherever it does it."""

from __future__ import annotations

import math
import shutil
import time
import traceback
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from tunefork.config import HEADLINE, digest
from tunefork.engine import (
    Checkpoints,
    Outcome,
    Paused,
    PrefixCache,
    Training,
    assemble,
    choose_precision,
    counted,
    out_of_memory,
)
from tunefork.errors import DiskFullError, LostError, StoppedError, TuneforkError
from tunefork.plan import PlannedRun
from tunefork.runner.keeping import keep_run
from tunefork.runner.laid_aside import LaidAside
from tunefork.runner.memory_shortage import MemoryShortage
from tunefork.runner.protocol import Job, Watcher
from tunefork.runner.recorder import Recorder
from tunefork.runner.team import SOLO, Brief, Solo, Team
from tunefork.runner.wishes import StoreWishes
from tunefork.store import EvaluationRecord, RunRecord, Store
from tunefork.store.space import disk_full


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
    """Runs that have ended and train again only because a group of others would round in another way."""


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


def execute_group(
    order: Order, job: Job, store: Store, watcher: Watcher, cache: PrefixCache, team: Team | Solo = SOLO
) -> None:
    """Train the runs of an order in one pass, with all of a team; each ends as ``Runner`` says."""
    if job.deadline is not None and time.time() >= job.deadline:
        return
    watcher.group(order.number, tuple(run.name for run in order.planned), order.planned[0].last)
    wishes = StoreWishes(store, watcher, order.number, order.kept)
    for planned, resumed in LaidAside(store.folder).together(order.planned):
        observer = Recorder(store, watcher, order.number, wishes)
        _execute(_Pass(tuple(planned), tuple(resumed)), order, job, store, observer, cache, wishes, team)
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

    def without(self, runs: Collection[str]) -> _Pass:
        """The same pass without some runs that have not begun."""
        staying = [number for number, run in enumerate(self.planned) if run.config.id not in runs]
        resumed = tuple(self.resumed[number] for number in staying) if self.resumed else ()
        return _Pass(tuple(self.planned[number] for number in staying), resumed)

    def halves(self) -> tuple[_Pass, _Pass]:
        """The same runs in two passes."""
        middle = -(-len(self.planned) // 2)
        return (
            _Pass(self.planned[:middle], self.resumed[:middle]),
            _Pass(self.planned[middle:], self.resumed[middle:]),
        )


def _execute(
    one: _Pass,
    order: Order,
    job: Job,
    store: Store,
    observer: Recorder,
    cache: PrefixCache,
    wishes: StoreWishes,
    team: Team | Solo,
) -> None:
    """Train one pass. Where memory runs out, it is split in two or, of a lone run, its batches are halved: kept in the
    store, and so done at once when the study is continued."""
    short = MemoryShortage(store)
    one = one.without(wishes.begin([run.config.id for run in one.planned]))
    beginning = {run.config.id: run.notices for run in one.planned if run.config.id not in wishes.ended}
    if not beginning:
        return
    if short.splits(one.key):
        for half in one.halves():
            _execute(half, order, job, store, observer, cache, wishes, team)
        return
    own, lost = list(beginning), _made(store, beginning)
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
        _train(one, order.precision, job, store, observer, cache, checkpoints, wishes, lost, team)
    except (StoppedError, DiskFullError, LostError):
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
        _execute(one, order, job, store, observer, cache, wishes, team)


def _made(store: Store, runs: Collection[str]) -> int:
    """The last step that is on record of runs that were cut off; 0 where none was."""
    cut = [run for run in runs if store.run(run).status == "running"]
    return max((step.step for run in cut for step in store.steps(run)[-1:]), default=0)


def _lost(made: int, start: int, steps: int) -> str:
    """What to say of a group that was cut off.

    >>> _lost(740, 720, 1000)
    'goes on from step 720 of 1,000; 20 steps were lost and are made again'
    """
    place = f"goes on from step {start:,} of {steps:,}" if start else "begins anew"
    count = made - start
    if count <= 0:
        return f"{place}; no step was lost"
    return f"{place}; {count:,} {'step was lost and is' if count == 1 else 'steps were lost and are'} made again"


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
    automatic: str,
    job: Job,
    store: Store,
    observer: Recorder,
    cache: PrefixCache,
    checkpoints: Checkpoints,
    wishes: StoreWishes,
    made: int,
    team: Team | Solo,
) -> None:
    planned, short = one.planned, MemoryShortage(store)
    runs = [run.config for run in planned]
    selections = [job.selections[run.configuration] for run in runs]
    precision = choose_precision(runs[0].training.precision, automatic=automatic)
    brief = Brief(tuple(runs), automatic, planned[0].until, one.resumed, short.most(one.key))
    with team.leading(brief, job):
        group = assemble(job.backbone, runs, selections, precision, cache)
        training = Training(
            group, runs, job.rows, observer, job.selection_metric, job.own,
            until=brief.until, resumed=brief.resumed, deadline=job.deadline, finish=job.finish, checkpoints=checkpoints,
            most=brief.most, wishes=wishes, devices=team.devices,
        )  # fmt: skip
        for text in checkpoints.notices:
            observer.tell(text)
        if made:
            observer.tell(_lost(made, training.start, training.steps))
        outcomes = training.run()
    laid_aside, pausing = LaidAside(store.folder), []
    for number, (run, outcome) in enumerate(zip(runs, outcomes)):
        if run.id in wishes.ended:
            continue
        record = _finished(store.run(run.id), outcome, precision.name)
        more = (*checkpoints.notices, *short.notices(run.id))
        record = replace(record, counted=counted(group.slots, number), notices=(*record.notices, *more))
        if outcome.paused is not None:
            laid_aside.put(run.id, outcome.paused)
            pausing.append(record)
            continue
        if outcome.status == "done" and job.keep:
            record = keep_run(group, number, run, record, job, store)
        store.put_run(record)
    store.put_runs(pausing)  # all at once: a part of them could not go on as this group
    laid_aside.tidy([run.config.id for run in planned], {record.id for record in pausing})


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
            text = "".join(traceback.format_exception(error))
            shutil.rmtree(store.run_folder(run_id))  # a model that failed its check must not be found and used
            (store.run_folder(run_id) / "error.txt").write_text(text, encoding="utf-8")
            store.put_run(replace(store.run(run_id), status="failed", reason=reason))
