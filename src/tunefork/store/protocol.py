"""The store's protocol. ``SqliteStore`` lasts, ``MemoryStore`` is the shipped fake; one contract suite tests both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tunefork.store.records import BaselineRecord, EvaluationRecord, Predictions, RunRecord, StepRecord, StudyRecord


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

    def runs(self) -> list[RunRecord]:
        """All runs, in the order in which they were first recorded."""

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""

    def clear(self, run_id: str) -> None:
        """Forget a run's steps, evaluations and predictions (it is about to be trained again); its record stays."""

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""

    def steps(self, run_id: str) -> list[StepRecord]:
        """A run's training records by step."""

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

    def run_folder(self, run_id: str) -> Path:
        """``runs/<id>/``, made where it is missing."""

    def write_predictions(self, run_id: str, label_names: Sequence[str] | None = None) -> Path:
        """Write ``runs/<id>/predictions.parquet``: validation at the kept step, and test."""

    def close(self) -> None:
        """Release the files."""
