"""The only training loop. It trains K ≥ 1 runs in one pass; a run alone is K = 1."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from tunefork import metrics
from tunefork.config import LOWER_IS_BETTER, RunConfig
from tunefork.data import EncodedSplit
from tunefork.engine.batches import Chunk, chunks
from tunefork.engine.checkpoint import Checkpoints, Snapshot
from tunefork.engine.checkpointing import spare_memory
from tunefork.engine.evaluate import evaluate
from tunefork.engine.group_model import GroupModel
from tunefork.engine.label_losses import loss_of
from tunefork.engine.material import Outcome, Rows
from tunefork.engine.memory import PeakMemory
from tunefork.engine.observer import Observer
from tunefork.engine.optimise import GroupOptimizer
from tunefork.engine.outside import Outside
from tunefork.engine.parallel import ALONE, Devices
from tunefork.engine.part import check_divisible
from tunefork.engine.pausing import Paused, pause, resume
from tunefork.engine.progress import RunProgress
from tunefork.engine.stopping import Wishes
from tunefork.errors import StoppedError
from tunefork.plan.steps import evaluation_interval, total_steps
from tunefork.store import EvaluationRecord, Predictions, StepRecord


class Training:
    """One group on its way: ``run`` trains, restores each run's best weights and evaluates the test split once.

    Args:
        group: the assembled model.
        runs: the configurations, in the group's order; they share batch shape and number of steps.
        rows: the encoded splits.
        observer: receives every record.
        selection_metric: decides which evaluation of a run is its best.
        own: the user's own metrics, computed of every evaluation.
        until: lay the runs aside after so many steps, those that have not ended by then.
        resumed: what each run goes on from, in the group's order; all were laid aside after the same step.
        deadline: when to stop, in seconds since the epoch (``time.time``).
        finish: whether runs end then with what they have learnt, instead of being ``stopped``.
        checkpoints: where the group's state is kept from time to time; it goes on from the newest that is there.
        most: rows of a forward pass, where memory is too short for ``batch_size`` of them.
        wishes: what others want; where nobody wants to know of any run that is under way, training ends.
        devices: the processes that train the group together; only the first one's observer, checkpoints, deadline and
            wishes count.
    """

    def __init__(
        self,
        group: GroupModel,
        runs: Sequence[RunConfig],
        rows: Rows,
        observer: Observer,
        selection_metric: str = "loss",
        own: Sequence[metrics.OwnMetric] = (),
        *,
        until: int | None = None,
        resumed: Sequence[Paused] = (),
        deadline: float | None = None,
        finish: bool = False,
        checkpoints: Checkpoints | None = None,
        most: int | None = None,
        wishes: Wishes | None = None,
        devices: Devices = ALONE,
    ) -> None:
        self._devices, group.rank, group.ranks = devices, devices.rank, devices.size
        if devices.size > 1:
            check_divisible(group, runs)
        self.group, self.runs, self.rows, self.observer = group, tuple(runs), rows, observer
        self.training = runs[0].training
        self.steps = total_steps(len(rows.train.labels), self.training)
        self.own = tuple(own)
        lower = LOWER_IS_BETTER | {each.name for each in self.own if each.lower}
        self.progress = [RunProgress(run.training, selection_metric, lower=lower, total=self.steps) for run in runs]
        self.optimizer = GroupOptimizer(group, runs, [self.steps] * len(runs), devices)
        names = rows.names or tuple(map(str, range(group.model.config.num_labels)))
        where = group.precision.device, group.precision.master
        self.loss = loss_of([run.training for run in runs], rows.train.labels, names, rows.unit, *where)
        self._notice = spare_memory(group, rows.train.lengths, self.training, devices.size)
        self._until = min(until or self.steps, self.steps)
        self._outside = Outside([run.id for run in runs], self.steps, deadline, wishes, devices)
        self._resumed, self._finish = tuple(resumed), finish
        self._start = self._resumed[0].step if self._resumed else 0
        self._passes = int(self._resumed[0].facts["passes"]) if self._resumed else 0
        self._checkpoints, self._most = checkpoints, most
        self._go_on(devices.share(checkpoints.newest() if checkpoints is not None else None))
        self._began = time.perf_counter()

    @property
    def start(self) -> int:
        """The step behind which it begins: 0, or where runs were laid aside or a checkpoint was kept."""
        return self._start

    def _go_on(self, snapshot: Snapshot | None) -> None:
        """Begin where a checkpoint was kept, if there is one."""
        if snapshot is None:
            return
        self._resumed = tuple(snapshot.runs[run.id] for run in self.runs)
        self._start, self._passes = snapshot.step, snapshot.passes

    def _snapshot(self, step: int) -> Snapshot:
        kept = {run.id: self._lay_aside(number) for number, run in enumerate(self.runs)}
        return Snapshot(step, self._passes, kept)

    def _keep(self, step: int, asked: int | None) -> None:
        """Keep a checkpoint where it is time for one, and stop where somebody asked by a signal.

        Raises:
            StoppedError: somebody asked, and all of this is kept.
        """
        if asked is not None:
            self._devices.agreed()  # before it is kept: the others are about to leave, also where that fails
        if self._checkpoints is not None and (asked is not None or self._checkpoints.due(step)):
            self._checkpoints.keep(self._snapshot(step))
        if asked is not None:
            raise StoppedError(asked)

    def run(self) -> list[Outcome]:
        """Train all runs to their end."""
        self._began = time.perf_counter()
        self.group.refresh()
        if self.rows.unit.begun and not self._resumed:
            for number in range(len(self.runs)):
                self.group.load(number, self.rows.unit.unfolded(self.group.tensors(number)))
        for number, paused in enumerate(self._resumed):
            resume(self.group, self.optimizer, number, self.progress[number], paused)
        waiting: dict[int, Paused] = {}
        with PeakMemory(self.group.precision.device) as memory:
            self._train()
            if self._until < self.steps:
                waiting = {number: self._lay_aside(number) for number in self._active()}
            for number, progress in enumerate(self.progress):
                if progress.best_weights is not None and number not in waiting:
                    self.group.restore(number, progress.best_weights)
            tested = [number for number in self._alive() if number not in waiting]
            if self.rows.test is not None and self._read(tested):
                self._evaluate("test", self.rows.test, tested)
        return [self._outcome(number, memory.mib, waiting.get(number)) for number in range(len(self.runs))]

    def _outcome(self, number: int, memory: float, paused: Paused | None) -> Outcome:
        each = self.progress[number]
        return Outcome(
            "paused" if paused else each.status,
            each.reason,
            each.steps,
            each.best_step,
            each.converged,
            each.stopped_early,
            self._spent(number),
            memory,
            (*([self._notice] if self._notice else []), *each.notices),
            paused,
        )

    def _spent(self, number: int) -> float:
        """A run's share of the wall time, with what it took before it was laid aside."""
        before = float(self._resumed[number].facts["seconds"]) if self._resumed else 0.0
        return before + (time.perf_counter() - self._began) / len(self.runs)

    def _lay_aside(self, number: int) -> Paused:
        return pause(
            self.group, self.optimizer, number, self.progress[number], self._passes, self._spent(number)
        )  # fmt: skip

    def _train(self) -> None:
        rows = len(self.rows.train.labels)
        interval = evaluation_interval(rows, self.training)
        labels = self.rows.train.labels
        streams = [chunks(run.seed, rows, self.training, self.steps, labels, self._most) for run in self.runs]
        ids = tuple(run.id for run in self.runs)
        for everybody in islice(zip(*streams), self._start, self._until):
            passing = self._passing()
            parts = [everybody[number] for number in passing]
            step, epoch = parts[0].step, parts[0].epoch
            self.group.members.active = passing
            self._note(self.step(parts), step, epoch)
            self.observer.advance(ids, step, self.steps)
            if self.rows.validation is not None and (step % interval == 0 or step == self.steps):
                self._validate()
            seconds = {self.runs[number].id: self._spent(number) for number in self._active()}
            word = self._outside.look(step, self._until, seconds)
            if word.over:
                self._time_is_up(step)
            if not self._read(self._active()):
                return
            if step < self._until:
                self._keep(step, word.asked)

    def _time_is_up(self, step: int) -> None:
        """End the runs that are still on their way."""
        for number in self._active():
            progress = self.progress[number]
            progress.active = False
            if self._finish:
                progress.notices.append(f"training ended at step {step} of {self.steps}: the time was up")
            else:
                progress.status, progress.reason = "stopped", f"the time was up at step {step} of {self.steps}"

    def step(self, parts: Sequence[Chunk]) -> dict[int, float]:
        """One optimizer step of the runs that take part, given each one's rows; returns their mean losses."""
        self.group.train()
        active = self.group.members.active
        losses = torch.zeros(len(active), dtype=self.group.precision.master, device=self.group.precision.device)
        totals = self.loss.totals([np.concatenate(part.micro) for part in parts], active)
        for rows in zip(*(part.micro for part in parts)):
            batch = self.group.training_batch(self.rows.train, rows, self.rows.pad_id, self._passes)
            self._passes += 1
            if batch is None:  # other processes have all of its rows
                continue
            self.group.at_step(self._passes - 1, batch)
            share = self.loss.of(self.group.logits(batch), batch, active).sum(dim=1) / totals
            torch.autograd.backward(share.sum())
            self.group.collect()
            losses += share.detach()
        found = dict(zip(active, self._devices.meet((self.loss.reported * losses).tolist())))
        for part, (number, loss) in zip(parts, found.items()):
            if self.progress[number].active and not math.isfinite(loss):
                self._diverge(number, loss, part)
        self.optimizer.step(parts[0].step - 1)
        return found

    def _diverge(self, number: int, loss: float, chunk: Chunk) -> None:
        """Stop a run whose loss is no number, before the update; its neighbours' weights are their own."""
        rate = self.optimizer.rate(number, chunk.step - 1)
        rows = ", ".join(self.rows.train.ids[row] for row in np.concatenate(chunk.micro)[:4])
        progress = self.progress[number]
        progress.active, progress.status = False, "diverged"
        progress.reason = f"the training loss was {loss} at step {chunk.step}, learning rate {rate:.3g}, rows {rows}, …"
        progress.steps = chunk.step
        self.optimizer.drop(number)

    def _note(self, losses: Mapping[int, float], step: int, epoch: float) -> None:
        seconds = time.perf_counter() - self._began
        for number, loss in losses.items():
            run, progress = self.runs[number], self.progress[number]
            if not progress.active:
                continue
            progress.steps, progress.epoch = step, epoch
            progress.losses.append(loss)
            if step % self.training.log_every == 0 or step == self.steps:
                rate = self.optimizer.rate(number, step - 1)
                self.observer.step(StepRecord(run.id, step, epoch, progress.mean_loss(), rate, seconds))

    def _validate(self) -> None:
        assert self.rows.validation is not None
        for number, record in self._evaluate("validation", self.rows.validation, self._active()).items():
            progress = self.progress[number]
            if progress.saw(record):
                progress.best_weights = self.group.snapshot(number)
            if not progress.active:
                self.optimizer.drop(number)

    def _evaluate(self, split: str, rows: EncodedSplit, numbers: Sequence[int]) -> dict[int, EvaluationRecord]:
        """Evaluate the group and hand the records of the given runs to the observer."""
        if not numbers:
            return {}
        self.group.members.active = tuple(numbers)
        began = time.perf_counter()
        size, pad_id = self.training.eval_batch_size, self.rows.pad_id
        logits = self.rows.unit.outward(evaluate(self.group, rows, size, pad_id, self._devices))
        seconds = (time.perf_counter() - began) / len(numbers)
        records = self._recorded(split, rows, numbers, logits, seconds) if self._devices.rank == 0 else {}
        return self._devices.share(records)

    def _recorded(
        self, split: str, rows: EncodedSplit, numbers: Sequence[int], logits: NDArray[np.float32], seconds: float
    ) -> dict[int, EvaluationRecord]:
        records = {}
        for own, number in zip(logits, numbers):
            progress = self.progress[number]
            at = (progress.best_step if split == "test" and progress.best_weights else None) or progress.steps
            found, scores = metrics.evaluated(own, rows.labels, self.own)
            main = (found.loss, found.accuracy, found.macro_f1, found.f1)
            record = EvaluationRecord(self.runs[number].id, at, progress.epoch, split, *main, seconds, scores)
            self.observer.evaluation(record, Predictions(rows.ids, rows.labels, own))
            records[number] = record
        return records

    def _active(self) -> tuple[int, ...]:
        return tuple(number for number, each in enumerate(self.progress) if each.active)

    def _read(self, numbers: Sequence[int]) -> bool:
        """Whether anybody wants to know of one of these runs."""
        return any(self.runs[number].id not in self._outside.unread for number in numbers)

    def _passing(self) -> tuple[int, ...]:
        """Who takes part in training. A diverged run stays, unread, so that its neighbours keep their very bits."""
        return tuple(number for number, each in enumerate(self.progress) if each.active or each.status == "diverged")

    def _alive(self) -> tuple[int, ...]:
        return tuple(number for number, each in enumerate(self.progress) if each.status == "done")
