"""The store of a worker: it answers from memory, and everything that is written to it goes to the study's store too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from tunefork.plan import Plan
from tunefork.runner.cluster.messages import Known
from tunefork.runner.cluster.outgoing import Outgoing
from tunefork.runner.messages import Event
from tunefork.store import EvaluationRecord, MemoryStore, Predictions, RunRecord, StepRecord, StopWish

RECORDS = frozenset({"put_runs", "clear", "add_step", "add_evaluation", "merge"})
"""Events that are records."""


class RelayedStore(MemoryStore):
    """What a group reads and writes of a study.

    Args:
        folder: the worker's own, for one order.
        home: the study's, which stands in what is told instead.
        known: what the study's store knows of the group's runs.
        outgoing: sends folders.
        send: takes events.
    """

    def __init__(
        self, folder: Path, home: Path, known: Known, outgoing: Outgoing, send: Callable[[Event], None]
    ) -> None:
        super().__init__(folder)
        self._home, self._outgoing, self._send = home, outgoing, send
        for run in known.runs:
            super().put_run(run)
        for step in known.steps:
            super().add_step(step)
        for evaluation, predictions in known.evaluations:
            super().add_evaluation(evaluation, predictions)
        for name, value in known.chosen.items():
            super().choose(name, value)
        self.wanted: Sequence[StopWish] = known.wishes
        """What somebody wants stopped, as the runner told last."""

    def put_run(self, run: RunRecord) -> None:
        """Record a run, behind its folder."""
        self.put_runs([run])

    def put_runs(self, runs: Sequence[RunRecord]) -> None:
        """Record several runs, behind their folders."""
        self._outgoing.changed()
        told = [replace(run, notices=tuple(map(self.at_home, run.notices))) for run in runs]
        for run in told:
            super().put_run(run)
            if run.status != "running" or not self._place(run.id).is_dir():
                self._outgoing.run(run.id)
        self._send(Event("put_runs", (told,)))

    def clear(self, run_id: str) -> None:
        """Forget what was recorded of a run."""
        super().clear(run_id)
        self._send(Event("clear", (run_id,)))

    def add_step(self, step: StepRecord) -> None:
        """Record training progress."""
        super().add_step(step)
        self._send(Event("add_step", (step,)))

    def add_evaluation(self, evaluation: EvaluationRecord, predictions: Predictions) -> None:
        """Record an evaluation and its predictions."""
        super().add_evaluation(evaluation, predictions)
        self._send(Event("add_evaluation", (evaluation, predictions)))

    def choose(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep what was decided; the study's store may know of other groups' decisions under the same name."""
        super().choose(name, value)
        self._send(Event("merge", (name, dict(value))))

    def wishes(self) -> list[StopWish]:
        """What somebody wants stopped, as the runner told last."""
        return list(self.wanted)

    def at_home(self, text: str) -> str:
        """What is told of a path here, as of the study's folder."""
        return text.replace(str(self.folder), str(self._home))


class Relay:
    """A watcher that passes on what it is told, behind everything that has changed on the disk.

    Args:
        store: the worker's.
        outgoing: sends folders.
        send: takes events.
    """

    def __init__(self, store: RelayedStore, outgoing: Outgoing, send: Callable[[Event], None]) -> None:
        self._store, self._outgoing, self._send = store, outgoing, send

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Told by the runner itself."""

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        """Pass it on."""
        self._send(Event("group", (group, names, steps)))

    def tell(self, group: int, text: str) -> None:
        """Pass it on."""
        self._send(Event("tell", (group, self._store.at_home(text))))

    def step(self, group: int, step: int, loss: float | None) -> None:
        """Pass it on."""
        self._outgoing.changed()
        self._send(Event("step", (group, step, loss)))

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Pass it on."""
        self._send(Event("finish", (group, name, status, dict(metrics), reason)))

    def end(self) -> None:
        """Told by the runner itself."""
