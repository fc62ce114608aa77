"""The shipped fake: a store that forgets when the process ends. Tests and quick looks use it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunefork.store.changes import ChangeRecord, RetentionRecord
from tunefork.store.folder import StudyFolder, no_predictions, no_run, no_study
from tunefork.store.records import (
    BaselineRecord,
    EvaluationRecord,
    Predictions,
    RunRecord,
    StepRecord,
    StudyRecord,
    TrialRecord,
)
from tunefork.store.rows import check, check_changes, decode, encode, plain
from tunefork.store.wishes import StopWish

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
        self._trials: dict[str, Row] = {}
        self._chosen: dict[str, str] = {}
        self._changes: dict[str, list[Row]] = {}
        self._retentions: dict[tuple[str, str, str], Row] = {}
        self._thumbnails: dict[str, bytes] = {}
        self._excerpts: dict[str, str] = {}
        self._wishes: dict[str, Row] = {}

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

    def put_runs(self, runs: Sequence[RunRecord]) -> None:
        """Record several runs: all of them or, where the machine stops, none."""
        for run in runs:
            self.put_run(run)

    def runs(self) -> list[RunRecord]:
        """All runs, in the order in which they were first recorded."""
        return [decode(RunRecord, row) for row in self._runs.values()]

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""
        if run_id not in self._runs:
            raise no_run(run_id, list(self._runs))
        return decode(RunRecord, self._runs[run_id])

    def clear(self, run_id: str) -> None:
        """Forget a run's steps, evaluations, predictions and changes; its record stays."""
        self._steps = {key: row for key, row in self._steps.items() if key[0] != run_id}
        self._evaluations = {key: row for key, row in self._evaluations.items() if key[0] != run_id}
        self._predictions = {key: kept for key, kept in self._predictions.items() if key[0] != run_id}
        self._changes.pop(run_id, None)
        self._retentions = {key: row for key, row in self._retentions.items() if key[0] != run_id}
        self._forget_predictions(run_id)

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""
        self._steps[step.run, step.step] = encode(step)

    def steps(self, run_id: str, after: int = 0) -> list[StepRecord]:
        """A run's training records by step; with ``after`` those of later steps only."""
        found = [decode(StepRecord, row) for key, row in self._steps.items() if key[0] == run_id and key[1] > after]
        return sorted(found, key=lambda record: record.step)

    def add_evaluation(self, evaluation: EvaluationRecord, predictions: Predictions) -> None:
        """Record an evaluation and its predictions; a second one for the same run, split and step replaces it."""
        check(predictions)
        key = (evaluation.run, evaluation.split, evaluation.step)
        self._evaluations[key] = encode(evaluation)
        self._predictions[key] = plain(predictions)

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
        self._baselines[baseline.id] = encode(baseline)
        self._predictions[baseline.id, "test", 0] = plain(predictions)

    def baselines(self) -> list[BaselineRecord]:
        """All baselines, in the order of first recording."""
        return [decode(BaselineRecord, row) for row in self._baselines.values()]

    def put_trial(self, trial: TrialRecord) -> None:
        """Record a trial of a search; a second record of the same id replaces the first."""
        self._trials[trial.id] = encode(trial)

    def trials(self) -> list[TrialRecord]:
        """All trials, in the order of first recording."""
        return [decode(TrialRecord, row) for row in self._trials.values()]

    def choose(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something that was decided, under a name; a second value of that name replaces the first."""
        self._chosen[name] = json.dumps(value)

    def chosen(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""
        found: dict[str, Any] = json.loads(self._chosen.get(name, "{}"))
        return found

    def put_changes(self, run_id: str, changes: Sequence[ChangeRecord]) -> None:
        """Record what training did to a run's matrices, instead of what was recorded of them."""
        check_changes(run_id, changes)
        self._changes[run_id] = [encode(change) for change in changes]

    def changes(self, run_id: str) -> list[ChangeRecord]:
        """What training did to a run's matrices, in the order of recording; empty where nobody looked."""
        return [decode(ChangeRecord, row) for row in self._changes.get(run_id, ())]

    def put_retention(self, retention: RetentionRecord, predictions: Predictions) -> None:
        """Record the answers to an earlier task's rows; a second one for the same run, task and head replaces it."""
        check(predictions)
        self._retentions[retention.run, retention.task, retention.head] = encode(retention)
        self._predictions[retention.run, retention.split, 0] = plain(predictions)

    def retentions(self) -> list[RetentionRecord]:
        """All of them, in the order of first recording."""
        return [decode(RetentionRecord, row) for row in self._retentions.values()]

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

    def put_wishes(self, wishes: Sequence[StopWish]) -> None:
        """Keep what somebody wants stopped; a second wish for the same run, or for the study, replaces the first."""
        self._wishes |= {wish.run: encode(wish) for wish in wishes}

    def wishes(self) -> list[StopWish]:
        """What somebody wants stopped, in the order of first recording."""
        return [decode(StopWish, row) for row in self._wishes.values()]

    def forget_wishes(self, before: float) -> None:
        """Forget wishes for the whole study that are older (seconds since the epoch); those for runs stay."""
        self._wishes = {run: row for run, row in self._wishes.items() if run or row["asked"] >= before}

    def close(self) -> None:
        """Nothing to release."""
