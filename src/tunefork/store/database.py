"""The database file of a study: connections, tables, transactions, and what is told when something is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tunefork.errors import StoreError
from tunefork.store.changes import ChangeRecord, RetentionRecord
from tunefork.store.records import BaselineRecord, EvaluationRecord, RunRecord, StepRecord, StudyRecord, TrialRecord
from tunefork.store.rows import columns, decode, encode
from tunefork.store.wishes import StopWish

SCHEMA_VERSION = 1
FILE = "study.db"
_RECORDS: dict[str, tuple[type, str]] = {
    "study": (StudyRecord, ""),
    "runs": (RunRecord, "id"),
    "steps": (StepRecord, "run, step"),
    "evaluations": (EvaluationRecord, "run, split, step"),
    "baselines": (BaselineRecord, "id"),
    "trials": (TrialRecord, "id"),
    "changes": (ChangeRecord, "run, matrix"),
    "retentions": (RetentionRecord, "run, task, head"),
    "wishes": (StopWish, "run"),
}
_EXTRA = """
CREATE TABLE IF NOT EXISTS splits (
    hash TEXT PRIMARY KEY, rows INTEGER NOT NULL, ids TEXT NOT NULL, labels BLOB NOT NULL,
    problem TEXT NOT NULL DEFAULT 'single_label');
CREATE TABLE IF NOT EXISTS predictions (run TEXT NOT NULL, split TEXT NOT NULL, step INTEGER NOT NULL,
    rows_of TEXT NOT NULL REFERENCES splits (hash), classes INTEGER NOT NULL, logits BLOB NOT NULL,
    UNIQUE (run, split, step));
CREATE TABLE IF NOT EXISTS thumbnails (id TEXT PRIMARY KEY, jpeg BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chosen (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS excerpts (id TEXT PRIMARY KEY, text TEXT NOT NULL)
"""
Record = TypeVar("Record")


class Database:
    """``study.db``: a table for each kind of record, whose columns follow the record's fields.

    Args:
        path: the file, made where it is missing.
        read_only: refuse every change; nothing is created.

    Raises:
        StoreError: the file is no study, was made by a newer tunefork, or cannot be opened.
    """

    def __init__(self, path: Path, read_only: bool) -> None:
        self._path = path
        self._lock = threading.RLock()
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._problems():
            self._db = self._connect(read_only)
            try:
                self._check_version()
                if not read_only:
                    self._create()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Release the files. What was recorded is then in ``study.db`` alone."""
        with self._lock:
            self._db.close()

    def version(self) -> int:
        """A number that is another one once somebody else has recorded something; it costs next to nothing."""
        return int(self._rows("PRAGMA data_version")[0]["data_version"])

    def _connect(self, read_only: bool) -> sqlite3.Connection:
        mode = "rwc"
        if (
            read_only
        ):  # WAL needs to write beside the file even for reading; where it may not, nobody else writes either
            writable = os.access(self._path.parent, os.W_OK) and os.access(self._path, os.W_OK)
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
            if "problem" not in {row["name"] for row in db.execute("PRAGMA table_info(splits)")}:
                db.execute("ALTER TABLE splits ADD COLUMN problem TEXT NOT NULL DEFAULT 'single_label'")
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _has(self, table: str) -> bool:
        """Whether there is such a table; a study that an older tunefork wrote may lack it."""
        return bool(self._rows("SELECT name FROM sqlite_master WHERE name = ?", table))

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
