from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.store.test_contract import RUN, STUDY, evaluation, predictions
from tunefork.errors import StoreError
from tunefork.store import RunRecord, SqliteStore, StepRecord
from tunefork.store import database as module
from tunefork.store.rows import decode, encode


def filled(folder: Path) -> None:
    store = SqliteStore(folder)
    store.begin(STUDY)
    store.put_run(RUN)
    store.add_step(StepRecord(RUN.id, 1, 0.1, 0.5, 1e-3, 0.0))
    store.add_evaluation(evaluation(step=10), predictions())
    store.add_evaluation(evaluation(step=20), predictions(shift=1))
    store.close()


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    filled(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]
    store = SqliteStore.open(tmp_path)
    assert (store.study(), store.runs()) == (STUDY, [RUN])
    assert [step.loss for step in store.steps(RUN.id)] == [0.5]
    assert [one.step for one in store.evaluations(RUN.id)] == [10, 20]
    assert store.predictions(RUN.id, "validation").logits[0, 0] == 1
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def test_a_study_of_an_older_tunefork_has_no_wishes(tmp_path: Path) -> None:
    filled(tmp_path)
    with sqlite3.connect(tmp_path / "study.db") as db:
        db.execute("DROP TABLE wishes")
        db.execute("ALTER TABLE runs DROP COLUMN on_demand")
    db.close()
    store = SqliteStore.open(tmp_path)
    assert (store.wishes(), store.runs()) == ([], [RUN])
    store.close()


def test_open_needs_a_study_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        SqliteStore.open(tmp_path / "x")
    assert str(caught.value) == (
        f"There is no study in this folder ({tmp_path / 'x'}). "
        "Run `tunefork run STUDY.yaml` first, or name the folder that it wrote."
    )
    assert not (tmp_path / "x").exists()


def test_opened_for_reading_refuses_changes(tmp_path: Path) -> None:
    filled(tmp_path)
    store = SqliteStore.open(tmp_path)
    with pytest.raises(StoreError, match="readonly"):
        store.put_run(RUN)
    store.close()


def test_a_reader_sees_what_a_writer_has_committed(tmp_path: Path) -> None:
    writer = SqliteStore(tmp_path)
    writer.begin(STUDY)
    reader = SqliteStore.open(tmp_path)
    writer.put_run(RUN)
    assert reader.runs() == [RUN]
    writer._db.execute("BEGIN IMMEDIATE")
    writer._put("runs", replace(RUN, id="half"))
    assert [run.id for run in reader.runs()] == [RUN.id]
    writer._db.execute("ROLLBACK")
    reader.close()
    writer.close()


def test_a_transaction_cut_by_a_kill_is_not_seen(tmp_path: Path) -> None:
    filled(tmp_path)
    script = (
        "import os, sys, pathlib\n"
        "from tests.store.test_contract import RUN, evaluation\n"
        "from tunefork.store import SqliteStore\n"
        "store = SqliteStore(pathlib.Path(sys.argv[1]))\n"
        "store._db.execute('BEGIN IMMEDIATE')\n"
        "store._put('evaluations', evaluation(step=30))\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 9
    store = SqliteStore(tmp_path)
    assert [one.step for one in store.evaluations(RUN.id)] == [10, 20]
    store.close()


def test_a_failure_between_two_tables_leaves_neither(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store._db.execute("DROP TABLE predictions")
    with pytest.raises(StoreError, match="no such table: predictions"):
        store.add_evaluation(evaluation(), predictions())
    assert store.evaluations(RUN.id) == []
    store.put_run(RUN)  # and the store goes on
    store.close()


def test_ids_are_kept_once_per_split(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    assert db.execute("SELECT count(*), sum(rows) FROM splits").fetchone() == (1, 3)
    logits = np.frombuffer(db.execute("SELECT logits FROM predictions WHERE step = 10").fetchone()[0], "<f4")
    assert logits.tolist() == [0, 1, 2, 3, 4, 5]
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA user_version").fetchone() == (module.SCHEMA_VERSION,)
    assert db.execute("SELECT name, strategy, seed, status FROM runs").fetchone() == ("LoRA r=8", "lora", 0, "planned")
    db.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=r"written by a newer tunefork .*schema 99.*pip install --upgrade tunefork"):
        SqliteStore.open(tmp_path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("no database" * 100)
    with pytest.raises(StoreError, match=r"cannot be used .*study\.db\)\. Found: file is not a database\. Check"):
        SqliteStore.open(tmp_path)


def test_a_field_that_came_later_is_added_with_its_default(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    db.execute("ALTER TABLE runs DROP COLUMN notices")
    db.close()
    reader = SqliteStore.open(tmp_path)
    assert reader.runs()[0].notices == ()
    reader.close()
    writer = SqliteStore(tmp_path)
    assert writer.runs()[0].notices == ()
    writer.put_run(RUN)
    assert writer.runs() == [RUN]
    writer.close()


def test_a_study_from_before_changes_were_measured_is_read(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    for table in ("changes", "retentions"):
        db.execute(f"DROP TABLE {table}")
    db.close()
    reader = SqliteStore.open(tmp_path)
    assert (reader.changes(RUN.id), reader.retentions()) == ([], [])
    reader.close()


def test_evaluations_without_further_metrics_are_read(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    for table, column in (("evaluations", "scores"), ("runs", "temperature"), ("study", "own_metrics")):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.close()
    reader = SqliteStore.open(tmp_path)
    (found, *_) = reader.evaluations(RUN.id)
    assert found.scores == {}
    assert reader.runs()[0].temperature is None
    assert reader.study().own_metrics == {}
    reader.close()
    writer = SqliteStore(tmp_path)
    assert writer.evaluations(RUN.id)[0].scores == {}
    writer.close()


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    def work(name: str) -> None:
        for step in range(1, 21):
            store.add_step(StepRecord(name, step, 0.1, 0.5, 1e-3, 0.0))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(store.steps(name)) for name in "abcd"] == [20] * 4
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.runs()


def test_a_row_is_flat() -> None:
    row = encode(RUN)
    assert (row["blocks"], row["stopped_early"], row["converged"]) == ('["methods", "rank"]', 0, None)
    assert decode(RunRecord, row) == RUN


def test_forgotten_examples_are_not_in_the_file_any_more(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store._db.execute("PRAGMA secure_delete = OFF")  # some builds of SQLite overwrite what is deleted, most do not
    store.put_excerpts({f"r{row}": f"a private remark {row} " * 20 for row in range(200)})
    store.put_excerpts({f"r{row}": "shorter" for row in range(100)})
    store.put_thumbnails({"cat.jpg": b"private picture" * 100})
    store.forget_examples()
    store.close()
    for path in tmp_path.iterdir():
        assert b"private" not in path.read_bytes(), path.name


def test_a_study_from_before_there_were_excerpts_has_none(tmp_path: Path) -> None:
    filled(tmp_path)
    db = sqlite3.connect(tmp_path / "study.db")
    db.execute("DROP TABLE excerpts")
    for column in ("formulas", "counted"):
        db.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    db.commit()
    db.close()
    reader = SqliteStore.open(tmp_path)
    assert (reader.excerpts(), reader.runs()[0].formulas, reader.runs()[0].counted) == ({}, (), {})
    reader.close()
    writer = SqliteStore(tmp_path)
    writer.put_excerpts({"r0": "text"})
    assert writer.excerpts() == {"r0": "text"}
    writer.close()


def test_the_version_is_another_one_once_somebody_else_has_recorded_something(tmp_path: Path) -> None:
    filled(tmp_path)
    writer, reader = SqliteStore(tmp_path), SqliteStore.open(tmp_path)
    before = reader.version()
    assert reader.version() == before
    writer.add_step(StepRecord(RUN.id, 2, 0.2, 0.4, 1e-3, 0.0))
    assert reader.version() != before
    writer.close()
    reader.close()


def test_clearing_a_run_costs_no_more_with_many_others(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    def work() -> int:
        """What SQLite does for it, in tens of its machine's instructions."""
        done: list[int] = []
        store._db.set_progress_handler(lambda: done.append(1), 10)
        store.clear("fresh")
        store._db.set_progress_handler(None, 0)
        return len(done)

    store.add_evaluation(replace(evaluation(), run="first"), predictions())
    few = work()
    for number in range(200):
        store.add_evaluation(replace(evaluation(), run=f"r{number}"), predictions(shift=number))
    assert work() <= few + 5


def test_rows_go_with_the_last_run_that_was_evaluated_on_them(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    for run in ("a", "b"):
        store.add_evaluation(replace(evaluation(), run=run), predictions())
    for run, left in (("a", 1), ("b", 0)):
        store.clear(run)
        assert len(store._rows("SELECT hash FROM splits")) == left
