"""The only training loop. It trains K ≥ 1 runs in one pass; a run alone is K = 1."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tunefork import metrics
from tunefork.config import RunConfig
from tunefork.data import EncodedSplit
from tunefork.engine.batches import Chunk, chunks, collate, padded_length
from tunefork.engine.evaluate import evaluate
from tunefork.engine.group_model import GroupModel
from tunefork.engine.memory import PeakMemory
from tunefork.engine.observer import Observer
from tunefork.engine.optimise import GroupOptimizer
from tunefork.engine.progress import RunProgress
from tunefork.plan.steps import evaluation_interval, total_steps
from tunefork.store import EvaluationRecord, Predictions, StepRecord


@dataclass(frozen=True)
class Rows:
    """The encoded splits a group trains on. ``validation`` may be absent; ``test`` is read once, at the end."""

    train: EncodedSplit
    validation: EncodedSplit | None
    test: EncodedSplit | None
    pad_id: int


@dataclass(frozen=True)
class Outcome:
    """How one run of a group ended."""

    status: str
    """``done`` or ``diverged``."""
    reason: str
    steps: int
    best_step: int | None
    converged: bool | None
    stopped_early: bool
    seconds: float
    """The run's share of the group's wall time."""
    peak_memory_mb: float


class Training:
    """One group on its way: ``run`` trains, restores each run's best weights and evaluates the test split once.

    Args:
        group: the assembled model.
        runs: the configurations, in the group's order; they share batch shape and number of steps.
        rows: the encoded splits.
        observer: receives every record.
        selection_metric: decides which evaluation of a run is its best.
    """

    def __init__(
        self,
        group: GroupModel,
        runs: Sequence[RunConfig],
        rows: Rows,
        observer: Observer,
        selection_metric: str = "loss",
    ) -> None:
        self.group, self.runs, self.rows, self.observer = group, tuple(runs), rows, observer
        self.training = runs[0].training
        self.steps = total_steps(len(rows.train.labels), self.training)
        self.progress = [RunProgress(run.training, selection_metric) for run in runs]
        self.optimizer = GroupOptimizer(group, runs, [self.steps] * len(runs))
        self._passes = 0
        self._epoch = 0.0
        self._began = time.perf_counter()

    def run(self) -> list[Outcome]:
        """Train all runs to their end."""
        self._began = time.perf_counter()
        with PeakMemory(self.group.precision.device) as memory:
            self._train()
            for number, progress in enumerate(self.progress):
                if progress.best_weights is not None:
                    self.group.restore(number, progress.best_weights)
            if self.rows.test is not None:
                self._evaluate("test", self.rows.test, self._epoch, self._alive())
        share = (time.perf_counter() - self._began) / len(self.runs)
        return [
            Outcome(
                each.status,
                each.reason,
                each.steps,
                each.best_step,
                each.converged,
                each.stopped_early,
                share,
                memory.mib,
            )
            for each in self.progress
        ]

    def _train(self) -> None:
        rows = len(self.rows.train.labels)
        interval = evaluation_interval(rows, self.training)
        streams = [chunks(run.seed, rows, self.training, self.steps) for run in self.runs]
        ids = tuple(run.id for run in self.runs)
        for parts in zip(*streams):
            step, epoch = parts[0].step, parts[0].epoch
            self._epoch = epoch
            losses = self.step(parts)
            self._note(losses, step, epoch)
            self.observer.advance(ids, step, self.steps)
            if self.rows.validation is not None and (step % interval == 0 or step == self.steps):
                self._validate(epoch)
            if not any(each.active for each in self.progress):
                return

    def step(self, parts: Sequence[Chunk]) -> list[float]:
        """One optimizer step of every run; returns each run's mean loss over its rows."""
        self.group.train()
        losses = torch.zeros(len(self.runs), device=self.group.precision.device)
        for rows in zip(*(part.micro for part in parts)):
            self.group.at_step(self._passes, [padded_length(self.rows.train, each) for each in rows])
            self._passes += 1
            batch, labels = collate(self.rows.train, rows, self.rows.pad_id, self.group.precision.device)
            logits = self.group.logits(batch)
            each = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels)
            share = each.sum(dim=1) / parts[0].rows
            torch.autograd.backward(share.sum())
            losses += share.detach()
        found: list[float] = losses.tolist()
        for number, loss in enumerate(found):
            if self.progress[number].active and not math.isfinite(loss):
                self._diverge(number, loss, parts[number])
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

    def _note(self, losses: Sequence[float], step: int, epoch: float) -> None:
        seconds = time.perf_counter() - self._began
        for number, (run, progress) in enumerate(zip(self.runs, self.progress)):
            if not progress.active:
                continue
            progress.steps = step
            progress.losses.append(losses[number])
            if step % self.training.log_every == 0 or step == self.steps:
                rate = self.optimizer.rate(number, step - 1)
                self.observer.step(StepRecord(run.id, step, epoch, progress.mean_loss(), rate, seconds))

    def _validate(self, epoch: float) -> None:
        assert self.rows.validation is not None
        for number, record in self._evaluate("validation", self.rows.validation, epoch, self._active()).items():
            progress = self.progress[number]
            if progress.saw(record):
                progress.best_weights = self.group.snapshot(number)
            if not progress.active:
                self.optimizer.drop(number)

    def _evaluate(
        self, split: str, rows: EncodedSplit, epoch: float, numbers: Sequence[int]
    ) -> dict[int, EvaluationRecord]:
        """Evaluate the group and hand the records of the given runs to the observer."""
        if not numbers:
            return {}
        began = time.perf_counter()
        logits = evaluate(self.group, rows, self.training.eval_batch_size, self.rows.pad_id)
        seconds = (time.perf_counter() - began) / len(numbers)
        records = {}
        for number in numbers:
            progress = self.progress[number]
            at = (progress.best_step if split == "test" and progress.best_weights else None) or progress.steps
            record = _record(self.runs[number].id, at, epoch, split, logits[number], rows, seconds)
            self.observer.evaluation(record, Predictions(rows.ids, rows.labels, logits[number]))
            records[number] = record
        return records

    def _active(self) -> list[int]:
        return [number for number, each in enumerate(self.progress) if each.active]

    def _alive(self) -> list[int]:
        return [number for number, each in enumerate(self.progress) if each.status == "done"]


def _record(
    run: str, step: int, epoch: float, split: str, logits: NDArray[np.float32], rows: EncodedSplit, seconds: float
) -> EvaluationRecord:
    found = metrics.score(logits, rows.labels)
    return EvaluationRecord(run, step, epoch, split, found.loss, found.accuracy, found.macro_f1, found.f1, seconds)
