"""A study's folder: every record, every row, every hash; and what can be mended."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tunefork.doctor.finding import Finding
from tunefork.errors import StoreError
from tunefork.store import RunRecord, SqliteStore
from tunefork.store.lease import holder, lease
from tunefork.store.rows import split_key
from tunefork.store.whole import MANIFEST, STAGED, quarantine, verify

SEARCH = "search"


def study_folder(folder: Path, repair: bool = False) -> list[Finding]:
    """Look at a study's folder and at its search's.

    Args:
        folder: the study's.
        repair: put damaged checkpoints away, remove what was left half written, and have runs trained again whose
            models are damaged. Nothing is repaired while somebody is at work in the folder.

    Raises:
        StoreError: the folder holds no study.
    """
    SqliteStore.open(folder).close()
    busy = holder(folder)
    found = []
    if busy is not None:
        who = f"process {busy.get('pid', 'unknown')} on {busy.get('host', 'an unknown host')}"
        found.append(Finding("notice", f"{who} is at work in this folder", "Look again when it has ended."))
    mend = repair and busy is None
    with lease(folder) if mend else nullcontext():
        for place in (folder, folder / SEARCH):
            if (place / "study.db").is_file():
                found += [*_database(place), *_runs(place, mend), *_checkpoints(place, mend), *_leftovers(place, mend)]
    return found


def _database(folder: Path) -> Iterator[Finding]:
    """The file itself, and every row of answers in it."""
    path = folder / "study.db"
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            told = [row[0] for row in db.execute("PRAGMA integrity_check")]
        finally:
            db.close()
    except sqlite3.Error as error:
        told = [str(error)]
    if told != ["ok"]:
        yield Finding(
            "wrong", f"{path} is damaged: {told[0]}", "Restore it from a copy, or run the study in another folder."
        )
        return
    store, rows = SqliteStore.open(folder), 0
    try:
        for run in store.runs():
            for evaluation in store.evaluations(run.id):
                answers = store.predictions(run.id, evaluation.split, evaluation.step)
                rows += len(answers.ids)
        wrong = [key for key, again in _splits(store) if key != again]
    except (StoreError, ValueError) as error:
        yield Finding("wrong", f"answers in {path} cannot be read: {error}", "Restore it from a copy.")
        return
    finally:
        store.close()
    if wrong:
        yield Finding(
            "wrong", f"rows in {path} are not what was written (hash {wrong[0][:12]})", "Restore it from a copy."
        )
    else:
        yield Finding("ok", f"{path}: {rows:,} answers of {len(store_runs(folder)):,} runs, all hashes right")


def _splits(store: SqliteStore) -> Iterator[tuple[str, str]]:
    """The hash under which each split's ids and labels are kept, and the hash that they have."""
    for run in store.runs():
        for evaluation in store.evaluations(run.id):
            answers = store.predictions(run.id, evaluation.split, evaluation.step)
            yield store.rows_of(run.id, evaluation.split, evaluation.step), split_key(answers)


def store_runs(folder: Path) -> list[RunRecord]:
    """The runs of a study."""
    store = SqliteStore.open(folder)
    try:
        return store.runs()
    finally:
        store.close()


def _runs(folder: Path, mend: bool) -> Iterator[Finding]:
    """The models of the runs that are done, and runs that were cut off."""
    whole = 0
    for run in store_runs(folder):
        if run.status == "running" and holder(folder) is None:
            yield Finding("notice", f"{run.name}, seed {run.seed} was cut off", "`tunefork run` goes on with it.")
        if run.status != "done" or not run.artefact:
            continue
        place = folder / "runs" / run.id
        if not (place / MANIFEST).is_file() and (place / "tunefork.json").is_file():
            yield Finding("notice", f"{run.id} was saved by an older tunefork, without hashes")
            continue
        try:
            verify(place)
            whole += 1
        except StoreError as error:
            yield _broken(folder, run, error, mend)
    if whole:
        yield Finding("ok", f"{whole} saved models, all hashes right")


def _broken(folder: Path, run: RunRecord, error: StoreError, mend: bool) -> Finding:
    """A model that is not what was saved: its run is trained again."""
    what = f"the model of {run.name}, seed {run.seed} is damaged: {error.what} ({error.where})"
    if not mend:
        return Finding("wrong", what, "tunefork doctor --repair has `tunefork run` train it again.")
    store = SqliteStore(folder)
    try:
        shutil.rmtree(folder / "runs" / run.id, ignore_errors=True)
        store.clear(run.id)
        store.put_run(replace(store.run(run.id), status="planned", reason="its saved model was damaged"))
    finally:
        store.close()
    return Finding("wrong", f"{what}; the next `tunefork run` trains it again", repaired=True)


def _checkpoints(folder: Path, mend: bool) -> Iterator[Finding]:
    whole = 0
    places = [*(folder / "checkpoints").glob("*/[0-9]*"), *(folder / "paused").glob("*@*")]
    for place in sorted(path for path in places if path.is_dir()):
        try:
            verify(place)
            whole += 1
        except StoreError as error:
            what = f"the checkpoint {place.relative_to(folder)} is damaged: {error.what}"
            if mend:
                quarantine(place)
            yield Finding("wrong", what, "It will not be used.", repaired=mend)
    if whole:
        yield Finding("ok", f"{whole} checkpoints, all hashes right")


def _leftovers(folder: Path, mend: bool) -> Iterator[Finding]:
    """What a process that was killed has left half written."""
    for path in sorted(folder.rglob("*")):
        if path.name.startswith(STAGED) or path.suffix == ".tmp":
            if mend:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            yield Finding(
                "notice", f"{path.relative_to(folder)} was left half written", "It is not used.", repaired=mend
            )
