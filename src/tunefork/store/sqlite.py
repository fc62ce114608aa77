"""The store that lasts: ``study.db`` in the study's folder, SQLite in WAL mode.

Tables: study, runs, steps, evaluations, baselines, trials (of a search), changes and retentions, predictions, splits
(which keeps the ids and labels of a split's rows once for all the evaluations on it), chosen (what was decided by
measurement), wishes (what somebody wants stopped), thumbnails and excerpts (small pictures and beginnings of texts of
the rows that reports show). Any SQLite client reads them; blobs are little-endian (logits float32, labels int64; of
several labels int8 [rows, labels], of numbers float64).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.store.changes import ChangeRecord, RetentionRecord
from tunefork.store.database import FILE, Database
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
from tunefork.store.rows import check, check_changes, label_bytes, split_key, stored_labels
from tunefork.store.wishes import StopWish

_UNUSED = "DELETE FROM splits WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM predictions WHERE rows_of = ?)"


class SqliteStore(StudyFolder, Database):
    """A study's records in ``study.db``. Threads may share one store; processes open one each.

    Args:
        folder: the study's folder, made where it is missing.
        read_only: refuse every change; nothing is created.

    Raises:
        StoreError: the file is no study, was made by a newer tunefork, or cannot be opened.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        StudyFolder.__init__(self, folder)
        Database.__init__(self, self.folder / FILE, read_only)

    @classmethod
    def open(cls, folder: Path) -> SqliteStore:
        """Open a study for reading. Raises StoreError when the folder has none."""
        if not (Path(folder) / FILE).is_file():
            raise no_study(Path(folder))
        store = cls(folder, read_only=True)
        if not store._has("study"):  # it was cut off before its tables were made
            store.close()
            raise no_study(Path(folder))
        return store

    def begin(self, study: StudyRecord) -> None:
        """Record the study, or replace what was recorded of it; runs are kept."""
        with self._write() as db:
            db.execute("DELETE FROM study")
            self._put("study", study)

    def study(self) -> StudyRecord:
        """The study. Raises StoreError when none was begun."""
        found = self._records(StudyRecord, "SELECT * FROM study")
        if not found:
            raise no_study(self.folder)
        return found[0]

    def put_run(self, run: RunRecord) -> None:
        """Record a run, or replace the record of that id. The order of first recording is kept."""
        self.put_runs([run])

    def put_runs(self, runs: Sequence[RunRecord]) -> None:
        """Record several runs: all of them or, where the machine stops, none."""
        with self._write():
            for run in runs:
                self._put("runs", run)

    def runs(self) -> list[RunRecord]:
        """All runs, in the order in which they were first recorded."""
        return self._records(RunRecord, "SELECT * FROM runs ORDER BY place")

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""
        found = self._records(RunRecord, "SELECT * FROM runs WHERE id = ?", run_id)
        if not found:
            raise no_run(run_id, [row["id"] for row in self._rows("SELECT id FROM runs ORDER BY place")])
        return found[0]

    def clear(self, run_id: str) -> None:
        """Forget a run's steps, evaluations, predictions and changes; its record stays."""
        with self._write() as db:
            splits = db.execute("SELECT DISTINCT rows_of FROM predictions WHERE run = ?", (run_id,)).fetchall()
            for table in ("steps", "evaluations", "predictions", "changes", "retentions"):
                db.execute(f"DELETE FROM {table} WHERE run = ?", (run_id,))
            for (
                split,
            ) in splits:  # only what this run had: to look at all predictions would take longer with each run
                db.execute(_UNUSED, (split, split))
        self._forget_predictions(run_id)

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""
        with self._write():
            self._put("steps", step)

    def steps(self, run_id: str, after: int = 0) -> list[StepRecord]:
        """A run's training records by step; with ``after`` those of later steps only."""
        return self._records(StepRecord, "SELECT * FROM steps WHERE run = ? AND step > ? ORDER BY step", run_id, after)

    def add_evaluation(self, evaluation: EvaluationRecord, predictions: Predictions) -> None:
        """Record an evaluation and its predictions; a second one for the same run, split and step replaces it."""
        check(predictions)
        with self._write():
            self._put("evaluations", evaluation)
            self._keep(evaluation.run, evaluation.split, int(evaluation.step), predictions)

    def evaluations(self, run_id: str, split: str | None = None) -> list[EvaluationRecord]:
        """A run's evaluations by step, of one split or of all."""
        query = "SELECT * FROM evaluations WHERE run = ? AND (? IS NULL OR split = ?) ORDER BY step, place"
        return self._records(EvaluationRecord, query, run_id, split, split)

    def predictions(self, run_id: str, split: str, step: int | None = None) -> Predictions:
        """The predictions of one evaluation, by default the split's last. Raises StoreError when there is none."""
        found = self._rows(
            "SELECT splits.*, classes, logits FROM predictions JOIN splits ON hash = rows_of "
            "WHERE run = ? AND split = ? AND (? IS NULL OR step = ?) ORDER BY step DESC LIMIT 1",
            *(run_id, split, step, step),
        )
        if not found:
            raise no_predictions(run_id, split, step)
        ids = tuple(json.loads(found[0]["ids"]))
        logits = np.frombuffer(found[0]["logits"], "<f4").reshape(len(ids), found[0]["classes"])
        problem = found[0].get("problem", "single_label")  # a study that an older tunefork wrote knows no other
        labels = stored_labels(found[0]["labels"], len(ids), problem)
        return Predictions(ids, labels, logits.astype(np.float32))

    def rows_of(self, run_id: str, split: str, step: int) -> str:
        """The hash under which the ids and labels of an evaluation's rows are kept."""
        query = "SELECT rows_of FROM predictions WHERE run = ? AND split = ? AND step = ?"
        return str(self._rows(query, run_id, split, step)[0]["rows_of"])

    def put_baseline(self, baseline: BaselineRecord, predictions: Predictions) -> None:
        """Record what a baseline said of the test rows; a second one of the same id replaces it."""
        check(predictions)
        with self._write():
            self._put("baselines", baseline)
            self._keep(baseline.id, "test", 0, predictions)

    def baselines(self) -> list[BaselineRecord]:
        """All baselines, in the order of first recording."""
        if not self._has("baselines"):
            return []
        return self._records(BaselineRecord, "SELECT * FROM baselines ORDER BY place")

    def put_trial(self, trial: TrialRecord) -> None:
        """Record a trial of a search; a second record of the same id replaces the first."""
        with self._write():
            self._put("trials", trial)

    def trials(self) -> list[TrialRecord]:
        """All trials, in the order of first recording."""
        return self._records(TrialRecord, "SELECT * FROM trials ORDER BY place") if self._has("trials") else []

    def choose(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something that was decided, under a name; a second value of that name replaces the first."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO chosen VALUES (?, ?)", (name, json.dumps(value)))

    def chosen(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""
        found = self._rows("SELECT value FROM chosen WHERE name = ?", name) if self._has("chosen") else []
        return dict(json.loads(found[0]["value"])) if found else {}

    def put_changes(self, run_id: str, changes: Sequence[ChangeRecord]) -> None:
        """Record what training did to a run's matrices, instead of what was recorded of them."""
        check_changes(run_id, changes)
        with self._write() as db:
            db.execute("DELETE FROM changes WHERE run = ?", (run_id,))
            for change in changes:
                self._put("changes", change)

    def changes(self, run_id: str) -> list[ChangeRecord]:
        """What training did to a run's matrices, in the order of recording; empty where nobody looked."""
        query = "SELECT * FROM changes WHERE run = ? ORDER BY place"
        return self._records(ChangeRecord, query, run_id) if self._has("changes") else []

    def put_retention(self, retention: RetentionRecord, predictions: Predictions) -> None:
        """Record the answers to an earlier task's rows; a second one for the same run, task and head replaces it."""
        check(predictions)
        with self._write():
            self._put("retentions", retention)
            self._keep(retention.run, retention.split, 0, predictions)

    def retentions(self) -> list[RetentionRecord]:
        """All of them, in the order of first recording."""
        query = "SELECT * FROM retentions ORDER BY place"
        return self._records(RetentionRecord, query) if self._has("retentions") else []

    def put_thumbnails(self, pictures: Mapping[str, bytes]) -> None:
        """Keep small pictures (JPEG) of rows, by their ids, for reports; those that are there stay."""
        with self._write() as db:
            db.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", list(pictures.items()))

    def thumbnails(self) -> dict[str, bytes]:
        """The small pictures that were kept, by the ids of their rows."""
        if not self._has("thumbnails"):
            return {}
        return {row["id"]: row["jpeg"] for row in self._rows("SELECT id, jpeg FROM thumbnails ORDER BY rowid")}

    def put_excerpts(self, texts: Mapping[str, str]) -> None:
        """Keep the beginnings of rows' texts, by the rows' ids, for reports; those that are there stay."""
        with self._write() as db:
            db.executemany("INSERT OR REPLACE INTO excerpts VALUES (?, ?)", list(texts.items()))

    def excerpts(self) -> dict[str, str]:
        """The beginnings of texts that were kept, by the ids of their rows."""
        if not self._has("excerpts"):
            return {}
        return {row["id"]: row["text"] for row in self._rows("SELECT id, text FROM excerpts ORDER BY rowid")}

    def forget_examples(self) -> None:
        """Erase all small pictures and beginnings of texts, from the file itself, too."""
        if not self.excerpts() and not self.thumbnails():
            return
        with self._lock, self._problems():
            with self._write() as db:
                db.execute("DELETE FROM thumbnails")
                db.execute("DELETE FROM excerpts")
            self._db.execute("VACUUM")  # deleted rows stay readable in free pages until the file is written anew
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def put_wishes(self, wishes: Sequence[StopWish]) -> None:
        """Keep what somebody wants stopped; a second wish for the same run, or for the study, replaces the first."""
        with self._write():
            for wish in wishes:
                self._put("wishes", wish)

    def wishes(self) -> list[StopWish]:
        """What somebody wants stopped, in the order of first recording."""
        return self._records(StopWish, "SELECT * FROM wishes ORDER BY place") if self._has("wishes") else []

    def forget_wishes(self, before: float) -> None:
        """Forget wishes for the whole study that are older (seconds since the epoch); those for runs stay."""
        with self._write() as db:
            db.execute("DELETE FROM wishes WHERE run = '' AND asked < ?", (before,))

    def _keep(self, owner: str, split: str, step: int, predictions: Predictions) -> None:
        key, logits = split_key(predictions), predictions.logits.astype("<f4")
        ids, labels = json.dumps(predictions.ids, ensure_ascii=False), label_bytes(predictions.labels)
        self._db.execute(
            "INSERT OR IGNORE INTO splits (hash, rows, ids, labels, problem) VALUES (?, ?, ?, ?, ?)",
            (key, len(predictions.ids), ids, labels, predictions.problem),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?, ?, ?)",
            (owner, split, step, key, logits.shape[1], logits.tobytes()),
        )
