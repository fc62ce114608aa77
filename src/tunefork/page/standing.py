"""How a study stands: whether somebody works on it, and how its runs have ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tunefork.errors import StoreError
from tunefork.store import RunRecord, SqliteStore, Store, StudyRecord
from tunefork.store.lease import holder

State = Literal["running", "interrupted", "finished", "failed"]
"""``failed``: every run has ended, and none has a model."""
OPEN = ("planned", "running", "paused")
"""Statuses of runs that have not ended; whatever else a status says, it is an end."""
BROKEN = ("failed", "diverged")
HOPEFUL = (*OPEN, "done")
"""Statuses of runs that have a model or may have one."""


@dataclass(frozen=True)
class Standing:
    """A study at one moment."""

    state: State
    since: str = ""
    """When the process began that works on it, in local time."""
    total: int = 0
    """Runs."""
    done: int = 0
    """That have a model."""
    ended: int = 0
    """Those, and all that will not have one."""
    broken: int = 0
    """That failed or diverged."""


def standing(folder: Path, runs: Sequence[RunRecord]) -> Standing:
    """How a study stands, by its lease and its runs."""
    held, statuses = holder(folder), [run.status for run in runs]
    ended, done = sum(status not in OPEN for status in statuses), statuses.count("done")
    state: State = "interrupted"
    if held is not None:
        state = "running"
    elif statuses and ended == len(statuses):
        state = "finished" if done else "failed"
    broken = sum(status in BROKEN for status in statuses)
    return Standing(state, str((held or {}).get("since", "")), len(statuses), done, ended, broken)


@contextmanager
def opened(folder: Path) -> Iterator[SqliteStore]:
    """A study's records, to be read."""
    store = SqliteStore.open(folder)
    try:
        yield store
    finally:
        store.close()


def begun(store: Store) -> StudyRecord | None:
    """What is true of the whole study; None as long as rows and model are still being looked at."""
    try:
        return store.study()
    except StoreError:
        return None


def plain(value: float | None, digits: int = 5) -> float | None:
    """A number as JSON has it, to so many significant digits; None where it is none.

    >>> plain(0.123456789), plain(float("nan"))
    (0.12346, None)
    """
    return None if value is None or not abs(value) < float("inf") else float(f"{value:.{digits}g}")


def facts(found: StudyRecord | None, folder: Path) -> dict[str, Any]:
    """What stands above everything else that is told of a study."""
    if found is None:
        return {"name": folder.name, "model": "", "task": "", "problem": "", "labels": [], "rows": {}}
    return {
        "name": found.name, "model": found.model, "task": found.task, "problem": found.problem,
        "labels": list(found.labels), "rows": found.rows,
    }  # fmt: skip
