"""The store that lasts: ``study.db`` in the study's folder, SQLite in WAL mode.

Tables: study, runs, steps, evaluations, baselines, predictions, splits (which keeps the ids and labels of a split's
rows once for all the evaluations on it), thumbnails and excerpts (small pictures and beginnings of texts of the rows
that reports show). Any SQLite client reads them; blobs are little-endian (labels int64, logits float32).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tunefork.errors import StoreError
from tunefork.store.folder import StudyFolder, no_predictions, no_run, no_study
from tunefork.store.records import BaselineRecord, EvaluationRecord, Predictions, RunRecord, StepRecord, StudyRecord
from tunefork.store.rows import check, columns, decode, encode, split_key

SCHEMA_VERSION = 1
FILE = "study.db"
_RECORDS: dict[str, tuple[type, str]] = {
    "study": (StudyRecord, ""),
    "runs": (RunRecord, "id"),
    "steps": (StepRecord, "run, step"),
    "evaluations": (EvaluationRecord, "run, split, step"),
    "baselines": (BaselineRecord, "id"),
}
_EXTRA = """
CREATE TABLE IF NOT EXISTS splits (
    hash TEXT PRIMARY KEY, rows INTEGER NOT NULL, ids TEXT NOT NULL, labels BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS predictions (run TEXT NOT NULL, split TEXT NOT NULL, step INTEGER NOT NULL,
    rows_of TEXT NOT NULL REFERENCES splits (hash), classes INTEGER NOT NULL, logits BLOB NOT NULL,
    UNIQUE (run, split, step));
CREATE TABLE IF NOT EXISTS thumbnails (id TEXT PRIMARY KEY, jpeg BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS excerpts (id TEXT PRIMARY KEY, text TEXT NOT NULL)
"""
Record = TypeVar("Record")


class SqliteStore(StudyFolder):
    """A study's records in ``study.db``. Threads may share one store; processes open one each.

    Args:
        folder: the study's folder, made where it is missing.
        read_only: refuse every change; nothing is created.

    Raises:
        StoreError: the file is no study, was made by a newer tunefork, or cannot be opened.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        super().__init__(folder)
        self._path = self.folder / FILE
        self._lock = threading.RLock()
        if not read_only:
            self.folder.mkdir(parents=True, exist_ok=True)
        with self._problems():
            self._db = self._connect(read_only)
            try:
                self._check_version()
                if not read_only:
                    self._create()
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def open(cls, folder: Path) -> SqliteStore:
        """Open a study for reading. Raises StoreError when the folder has none."""
        if not (Path(folder) / FILE).is_file():
            raise no_study(Path(folder))
        return cls(folder, read_only=True)

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
        with self._write():
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
        """Forget a run's steps, evaluations and predictions; its record stays."""
        with self._write() as db:
            for table in ("steps", "evaluations", "predictions"):
                db.execute(f"DELETE FROM {table} WHERE run = ?", (run_id,))
            db.execute("DELETE FROM splits WHERE hash NOT IN (SELECT rows_of FROM predictions)")
        self._forget_predictions(run_id)

    def add_step(self, step: StepRecord) -> None:
        """Record training progress; a second record for the same run and step replaces the first."""
        with self._write():
            self._put("steps", step)

    def steps(self, run_id: str) -> list[StepRecord]:
        """A run's training records by step."""
        return self._records(StepRecord, "SELECT * FROM steps WHERE run = ? ORDER BY step", run_id)

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
            "SELECT ids, labels, classes, logits FROM predictions JOIN splits ON hash = rows_of "
            "WHERE run = ? AND split = ? AND (? IS NULL OR step = ?) ORDER BY step DESC LIMIT 1",
            *(run_id, split, step, step),
        )
        if not found:
            raise no_predictions(run_id, split, step)
        ids = tuple(json.loads(found[0]["ids"]))
        logits = np.frombuffer(found[0]["logits"], "<f4").reshape(len(ids), found[0]["classes"])
        return Predictions(ids, np.frombuffer(found[0]["labels"], "<i8").astype(np.int64), logits.astype(np.float32))

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

    def close(self) -> None:
        """Release the files. What was recorded is then in ``study.db`` alone."""
        with self._lock:
            self._db.close()

    def _connect(self, read_only: bool) -> sqlite3.Connection:
        mode = "rwc"
        if (
            read_only
        ):  # WAL needs to write beside the file even for reading; where it may not, nobody else writes either
            writable = os.access(self.folder, os.W_OK) and os.access(self._path, os.W_OK)
            mode = "rw" if writable else "ro&immutable=1"
        uri = f"{self._path.resolve().as_uri()}?mode={mode}"
        db = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        if read_only:
            db.execute("PRAGMA query_only = ON")
        return db

    def _check_version(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise StoreError(
                "This study was written by a newer tunefork",
                where=str(self._path),
                found=f"schema {found}, and this version knows schemas up to {SCHEMA_VERSION}",
                fix="Upgrade: pip install --upgrade tunefork",
            )

    def _create(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(
            "PRAGMA synchronous = NORMAL"
        )  # safe against a killed process; power loss may cost the last steps
        with self._write() as db:
            for table, (record, key) in _RECORDS.items():
                parts = ["place INTEGER PRIMARY KEY", *(f'"{name}" {kind}' for name, kind in columns(record).items())]
                db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(parts + [f'UNIQUE ({key})'] * bool(key))})")
                known = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
                for name in columns(record).keys() - known:
                    db.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {columns(record)[name]}')
            for statement in _EXTRA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _has(self, table: str) -> bool:
        """Whether there is such a table; a study that an older tunefork wrote may lack it."""
        return bool(self._rows("SELECT name FROM sqlite_master WHERE name = ?", table))

    def _keep(self, owner: str, split: str, step: int, predictions: Predictions) -> None:
        key, logits = split_key(predictions), predictions.logits.astype("<f4")
        ids, labels = json.dumps(predictions.ids, ensure_ascii=False), predictions.labels.astype("<i8").tobytes()
        self._db.execute("INSERT OR IGNORE INTO splits VALUES (?, ?, ?, ?)", (key, len(predictions.ids), ids, labels))
        self._db.execute(
            "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?, ?, ?)",
            (owner, split, step, key, logits.shape[1], logits.tobytes()),
        )

    def _put(self, table: str, record: Any) -> None:
        row, key = encode(record), _RECORDS[table][1]
        names = ", ".join(f'"{name}"' for name in row)
        query = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})"
        if key:  # an update keeps the row's place, which INSERT OR REPLACE would not
            query += f" ON CONFLICT ({key}) DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in row)
        self._db.execute(query, tuple(row.values()))

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock, self._problems():
            return [dict(row) for row in self._db.execute(query, values)]

    def _records(self, record: type[Record], query: str, *values: Any) -> list[Record]:
        return [decode(record, row) for row in self._rows(query, *values)]

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._problems():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                "The study's database cannot be used",
                where=str(self._path),
                found=str(error),
                fix="Check the disk's free space and the folder's permissions, and that this is a study's folder.",
            ) from error
