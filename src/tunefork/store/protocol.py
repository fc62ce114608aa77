"""The store's protocol. ``SqliteStore`` lasts, ``MemoryStore`` is the shipped fake; one contract suite tests both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tunefork.store.changes import ChangeRecord, RetentionRecord
from tunefork.store.records import (
    BaselineRecord,
    EvaluationRecord,
    Predictions,
    RunRecord,
    StepRecord,
    StudyRecord,
    TrialRecord,
)
from tunefork.store.wishes import StopWish


class Store(Protocol):
    """Where a study's records go. Every method is one transaction: it happened or it did not."""

    @property
    def folder(self) -> Path:
        """The study's folder."""

    def begin(self, study: StudyRecord) -> None:
        """Record the study, or replace what was recorded of it; runs are kept."""

    def study(self) -> StudyRecord:
        """The study. Raises StoreError when none was begun."""

    def put_run(self, run: RunRecord) -> None:
        """Record a run, or replace the record of that id. The order of first recording is kept."""

    def put_runs(self, runs: Sequence[RunRecord]) -> None:
        """Record several runs: all of them or, where the machine stops, none."""

    def runs(self) -> list[RunRecord]:
        """All runs, in the order in which they were first recorded."""

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""

    def clear(self, run_id: str) -> None:
        """Forget all that was recorded of a run but its record, because it is about to be trained again."""

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""

    def steps(self, run_id: str, after: int = 0) -> list[StepRecord]:
        """A run's training records by step; with ``after`` those of later steps only."""

    def add_evaluation(self, evaluation: EvaluationRecord, predictions: Predictions) -> None:
        """Record an evaluation and its predictions; a second one for the same run, split and step replaces it."""

    def evaluations(self, run_id: str, split: str | None = None) -> list[EvaluationRecord]:
        """A run's evaluations by step, of one split or of all."""

    def predictions(self, run_id: str, split: str, step: int | None = None) -> Predictions:
        """The predictions of one evaluation, by default the split's last. Raises StoreError when there is none."""

    def put_baseline(self, baseline: BaselineRecord, predictions: Predictions) -> None:
        """Record what a baseline said of the test rows; a second one of the same id replaces it."""

    def baselines(self) -> list[BaselineRecord]:
        """All baselines, in the order of first recording; their answers are ``predictions(id, "test")``."""

    def put_trial(self, trial: TrialRecord) -> None:
        """Record a trial of a search; a second record of the same id replaces the first."""

    def trials(self) -> list[TrialRecord]:
        """All trials, in the order of first recording."""

    def choose(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something that was decided, under a name; a second value of that name replaces the first."""

    def chosen(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""

    def put_changes(self, run_id: str, changes: Sequence[ChangeRecord]) -> None:
        """Record what training did to a run's matrices, instead of what was recorded of them."""

    def changes(self, run_id: str) -> list[ChangeRecord]:
        """What training did to a run's matrices, in the order of recording; empty where nobody looked."""

    def put_retention(self, retention: RetentionRecord, predictions: Predictions) -> None:
        """Record the answers to an earlier task's rows; a second one for the same run, task and head replaces it."""

    def retentions(self) -> list[RetentionRecord]:
        """All of them, in the order of first recording; their answers are ``predictions(it.run, it.split)``."""

    def put_thumbnails(self, pictures: Mapping[str, bytes]) -> None:
        """Keep small pictures (JPEG) of rows, by their ids, for reports; those that are there stay."""

    def thumbnails(self) -> dict[str, bytes]:
        """The small pictures that were kept, by the ids of their rows."""

    def put_excerpts(self, texts: Mapping[str, str]) -> None:
        """Keep the beginnings of rows' texts, by the rows' ids, for reports; those that are there stay."""

    def excerpts(self) -> dict[str, str]:
        """The beginnings of texts that were kept, by the ids of their rows."""

    def forget_examples(self) -> None:
        """Erase all small pictures and beginnings of texts."""

    def put_wishes(self, wishes: Sequence[StopWish]) -> None:
        """Keep what somebody wants stopped; a second wish for the same run, or for the study, replaces the first."""

    def wishes(self) -> list[StopWish]:
        """What somebody wants stopped, in the order of first recording."""

    def forget_wishes(self, before: float) -> None:
        """Forget wishes for the whole study that are older (seconds since the epoch); those for runs stay."""

    def run_folder(self, run_id: str) -> Path:
        """``runs/<id>/``, made where it is missing."""

    def write_predictions(self, run_id: str, label_names: Sequence[str] | None = None) -> Path:
        """Write ``runs/<id>/predictions.parquet``: validation at the kept step, and test."""

    def close(self) -> None:
        """Release the files."""
