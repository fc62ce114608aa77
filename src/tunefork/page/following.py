"""What is new in a study since somebody was last told: small messages, made of its records.

A reader is first told ``whole``, and then ``fresh`` as often as something was recorded. Nothing is kept for readers who
break off: who comes back is told the whole again.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunefork.errors import StoreError
from tunefork.page.measures import Evaluated, Measures
from tunefork.page.pace import Pace, pace, seconds_left
from tunefork.page.standing import HOPEFUL, OPEN, Standing, begun, facts, plain, standing
from tunefork.store import RunRecord, SqliteStore, StepRecord, StudyRecord
from tunefork.store.database import FILE
from tunefork.store.lease import holder

POINTS = 400
"""Of one curve in the first message: a screen shows no more."""
REPORT = "report.html"
Message = dict[str, Any]


@dataclass
class _Course:
    """What the reader knows of one run."""

    row: Message = field(default_factory=dict)
    first: StepRecord | None = None
    """Of the sitting that is on its way."""
    last: StepRecord | None = None
    evaluated: list[Evaluated] = field(default_factory=list)
    kept: dict[str, float | None] | None = None
    ended: tuple[Any, ...] = ()
    """How the run ended, once everything of it has been told."""


class Follower:
    """Reads one study for one reader. Every method raises StoreError where there is no study, or none that can be read.

    Args:
        folder: the study's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store: SqliteStore | None = None
        self._file: tuple[int, int] = (0, 0)
        self._seen: tuple[Any, ...] = ()
        self._shape: tuple[Any, ...] = ()
        self._courses: dict[str, _Course] = {}

    def close(self) -> None:
        """Release the files."""
        if self._store is not None:
            self._store.close()
        self._store = None

    def look(self) -> tuple[str, Message] | None:
        """``whole`` or ``fresh`` and what to tell, or None where nothing is new."""
        store = self._opened()
        seen = (store.version(), holder(self._folder), written(self._folder))
        if seen == self._seen:
            return None
        study, runs = begun(store), store.runs()
        lasting = _study(study, self._folder)
        shape = (lasting, [run.id for run in runs])
        whole = shape != self._shape
        if whole:
            self._courses = {run.id: _Course() for run in runs}
        told = self._told(study, runs, store)
        if whole:
            told["study"] = lasting
        self._seen, self._shape = seen, shape
        return ("whole" if whole else "fresh"), told

    def _opened(self) -> SqliteStore:
        """The records; opened anew where the study was removed and begun again."""
        try:
            found = (self._folder / FILE).stat()
        except FileNotFoundError:
            raise StoreError("The study was removed", where=str(self._folder)) from None
        file = (found.st_dev, found.st_ino)
        if self._store is None or file != self._file:
            self.close()
            self._store, self._file = SqliteStore.open(self._folder), file
            self._seen, self._shape = (), ()
        return self._store

    def _told(self, study: StudyRecord | None, runs: Sequence[RunRecord], store: SqliteStore) -> Message:
        now, measures = standing(self._folder, runs), Measures.of(study)
        places = {one: place for place, one in enumerate(dict.fromkeys(run.configuration for run in runs))}
        rows, curves, paces = [], [], []
        asked = {wish.run for wish in store.wishes()}
        for run in runs:
            course = self._courses[run.id]
            curve = _curve(run, course, store, measures)
            at = pace(run, study.rows.get("train", 0) if study else 0, course.first, course.last)
            row = _row(run, places[run.configuration], at, course, measures) | {"asked": run.id in asked}
            paces.append(at)
            curves += [curve] if curve else []
            rows += [row] if row != course.row else []
            course.row = row
        workers = int((study.choices if study else {}).get("workers", 0) or 1)
        trials = len(store.trials())
        return {
            "state": now.state,
            "since": now.since,
            "count": {"total": now.total, "done": now.done, "ended": now.ended, "broken": now.broken},
            "progress": _progress(paces, workers, now),
            "leading": measures.leading({run.id: self._courses[run.id].kept for run in runs if run.status in HOPEFUL}),
            "trials": trials,
            "results": token(runs, trials, now, self._folder),
            "report": bool(written(self._folder)),
            "runs": rows,
            "curves": curves,
        }


def written(folder: Path) -> int:
    """When the report was written, in nanoseconds; 0 where there is none."""
    report = folder / REPORT
    return report.stat().st_mtime_ns if report.is_file() else 0


def token(runs: Sequence[RunRecord], trials: int, now: Standing, folder: Path) -> str:
    """Another one as soon as the results may say something else."""
    ends = [[run.id, run.status, run.seconds] for run in runs if run.status not in OPEN]
    return hashlib.sha256(repr((ends, len(runs), trials, now.state, written(folder))).encode()).hexdigest()[:12]


def thinned(steps: Sequence[StepRecord], most: int = POINTS) -> Sequence[StepRecord]:
    """At most so many of a run's records, the last among them."""
    every = -(-len(steps) // most) or 1
    return steps[(len(steps) - 1) % every :: every] if steps else steps


def _curve(run: RunRecord, course: _Course, store: SqliteStore, measures: Measures) -> Message | None:
    """The points that the reader does not know; with ``anew`` instead of those that it knows."""
    end = (run.status, run.steps, run.seconds) if run.status not in OPEN else ()
    if end and end == course.ended:
        return None
    known = course.last
    steps = store.steps(run.id, known.step - 1 if known else 0)
    # A run that is trained again has other records: the one that was told last is gone, or not the same.
    anew = known is not None and not (steps and (steps[0].step, steps[0].seconds) == (known.step, known.seconds))
    evaluated = [measures.evaluated(each) for each in store.evaluations(run.id, "validation")]
    anew = anew or evaluated[: len(course.evaluated)] != course.evaluated
    if anew:
        course.first, course.evaluated, steps = None, [], store.steps(run.id)
    elif known is not None:
        steps = steps[1:]
    fresh = evaluated[len(course.evaluated) :]
    course.first = _first(steps) or course.first if course.first is None else course.first
    course.last = steps[-1] if steps else (None if anew else known)
    course.evaluated, course.kept, course.ended = evaluated, measures.kept(run, evaluated), end
    if not (anew or steps or fresh):
        return None
    losses = [[each.step, plain(each.loss)] for each in thinned(steps)]
    return {"run": run.id, "anew": anew, "loss": losses, "validation": fresh}


def _first(steps: Sequence[StepRecord]) -> StepRecord | None:
    """The first record of the last sitting, whose clock began anew."""
    begins = [each for before, each in zip((None, *steps), steps) if before is None or each.seconds < before.seconds]
    return begins[-1] if begins else None


def _row(run: RunRecord, place: int, at: Pace, course: _Course, measures: Measures) -> Message:
    kept = course.kept
    return {
        "id": run.id,
        "name": run.name,
        "seed": run.seed,
        "place": place,
        "status": run.status,
        "reason": run.reason,
        "step": at.step,
        "steps": at.steps,
        "loss": plain(course.last.loss) if course.last else None,
        "kept": kept,
        "score": measures.text(measures.headline, kept.get(measures.headline)) if kept else "",
    }


def _progress(paces: Sequence[Pace], workers: int, now: Standing) -> Message:
    left = seconds_left(paces, workers) if now.state == "running" else None
    return {
        "done": sum(each.step for each in paces),
        "steps": sum(each.steps for each in paces),
        "left": plain(left, 3),
    }


def _study(study: StudyRecord | None, folder: Path) -> Message:
    """What seldom changes while a study goes on; where it does, the whole is told again."""
    measures = Measures.of(study)
    return {
        **facts(study, folder),
        "again": shlex.join(["tunefork", "run", str(folder / "study.yaml"), "-o", str(folder)]),
        "begun": study is not None,
        "metrics": measures.told(),
        "headline": measures.headline,
        "selection": measures.selection,
        "notices": list(study.notices) if study else [],
        "warnings": list(study.warnings) if study else [],
    }
