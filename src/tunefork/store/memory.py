"""The shipped fake: a store that forgets when the process ends. Tests and quick looks use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tunefork.store.folder import StudyFolder, no_predictions, no_run, no_study
from tunefork.store.records import BaselineRecord, EvaluationRecord, Predictions, RunRecord, StepRecord, StudyRecord
from tunefork.store.rows import check, decode, encode

Row = Mapping[str, Any]


class MemoryStore(StudyFolder):
    """Keeps records in dictionaries, as the same rows that SQLite would keep; only exported files touch the folder.

    Args:
        folder: the study's folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._study: Row | None = None
        self._runs: dict[str, Row] = {}
        self._steps: dict[tuple[str, int], Row] = {}
        self._evaluations: dict[tuple[str, str, int], Row] = {}
        self._predictions: dict[tuple[str, str, int], Predictions] = {}
        self._baselines: dict[str, Row] = {}
        self._thumbnails: dict[str, bytes] = {}
        self._excerpts: dict[str, str] = {}

    def begin(self, study: StudyRecord) -> None:
        """Record the study, or replace what was recorded of it; runs are kept."""
        self._study = encode(study)

    def study(self) -> StudyRecord:
        """The study. Raises StoreError when none was begun."""
        if self._study is None:
            raise no_study(self.folder)
        return decode(StudyRecord, self._study)

    def put_run(self, run: RunRecord) -> None:
        """Record a run, or replace the record of that id. The order of first recording is kept."""
        self._runs[run.id] = encode(run)

    def runs(self) -> list[RunRecord]:
        """All runs, in the order in which they were first recorded."""
        return [decode(RunRecord, row) for row in self._runs.values()]

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""
        if run_id not in self._runs:
            raise no_run(run_id, list(self._runs))
        return decode(RunRecord, self._runs[run_id])

    def clear(self, run_id: str) -> None:
        """Forget a run's steps, evaluations and predictions; its record stays."""
        self._steps = {key: row for key, row in self._steps.items() if key[0] != run_id}
        self._evaluations = {key: row for key, row in self._evaluations.items() if key[0] != run_id}
        self._predictions = {key: kept for key, kept in self._predictions.items() if key[0] != run_id}
        self._forget_predictions(run_id)

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""
        self._steps[step.run, step.step] = encode(step)

    def steps(self, run_id: str) -> list[StepRecord]:
        """A run's training records by step."""
        found = [decode(StepRecord, row) for key, row in self._steps.items() if key[0] == run_id]
        return sorted(found, key=lambda record: record.step)

    def add_evaluation(self, evaluation: EvaluationRecord, predictions: Predictions) -> None:
        """Record an evaluation and its predictions; a second one for the same run, split and step replaces it."""
        check(predictions)
        key = (evaluation.run, evaluation.split, evaluation.step)
        labels, logits = predictions.labels.astype("int64"), predictions.logits.astype("float32")
        self._evaluations[key] = encode(evaluation)
        self._predictions[key] = replace(predictions, ids=tuple(predictions.ids), labels=labels, logits=logits)

    def evaluations(self, run_id: str, split: str | None = None) -> list[EvaluationRecord]:
        """A run's evaluations by step, of one split or of all."""
        found = [
            decode(EvaluationRecord, row)
            for key, row in self._evaluations.items()
            if key[0] == run_id and split in (None, key[1])
        ]
        return sorted(found, key=lambda record: record.step)

    def predictions(self, run_id: str, split: str, step: int | None = None) -> Predictions:
        """The predictions of one evaluation, by default the split's last. Raises StoreError when there is none."""
        keys = [key for key in self._predictions if key[:2] == (run_id, split) and step in (None, key[2])]
        if not keys:
            raise no_predictions(run_id, split, step)
        return self._predictions[max(keys)]

    def put_baseline(self, baseline: BaselineRecord, predictions: Predictions) -> None:
        """Record what a baseline said of the test rows; a second one of the same id replaces it."""
        check(predictions)
        labels, logits = predictions.labels.astype("int64"), predictions.logits.astype("float32")
        self._baselines[baseline.id] = encode(baseline)
        self._predictions[baseline.id, "test", 0] = replace(
            predictions, ids=tuple(predictions.ids), labels=labels, logits=logits
        )

    def baselines(self) -> list[BaselineRecord]:
        """All baselines, in the order of first recording."""
        return [decode(BaselineRecord, row) for row in self._baselines.values()]

    def put_thumbnails(self, pictures: Mapping[str, bytes]) -> None:
        """Keep small pictures (JPEG) of rows, by their ids, for reports; those that are there stay."""
        self._thumbnails |= {key: bytes(value) for key, value in pictures.items()}

    def thumbnails(self) -> dict[str, bytes]:
        """The small pictures that were kept, by the ids of their rows."""
        return dict(self._thumbnails)

    def put_excerpts(self, texts: Mapping[str, str]) -> None:
        """Keep the beginnings of rows' texts, by the rows' ids, for reports; those that are there stay."""
        self._excerpts |= texts

    def excerpts(self) -> dict[str, str]:
        """The beginnings of texts that were kept, by the ids of their rows."""
        return dict(self._excerpts)

    def forget_examples(self) -> None:
        """Erase all small pictures and beginnings of texts."""
        self._thumbnails, self._excerpts = {}, {}

    def close(self) -> None:
        """Nothing to release."""
