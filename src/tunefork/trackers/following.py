"""The one place where trackers are told, and the one where what they raise is caught.

A tracker follows the study's database, on a thread of its own in the process that conducts the study. So the local
record is always first; runs of worker processes arrive once; a tracker that waits for a network holds up nobody; and
what it has not been told yet needs no queue, for it is on record, and the study's next sitting tells it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tunefork.config import TrackerChoice
from tunefork.errors import StoreError, one_line
from tunefork.runner import STUDY, Watcher
from tunefork.store import RunRecord, SqliteStore, Store, StudyRecord
from tunefork.trackers.opening import Kept, load_tracker
from tunefork.trackers.points import points_of
from tunefork.trackers.protocol import EVERY_END, Key, Tracker

LOOK = 1.0
"""Seconds between two looks at the records, at least."""
IDLE = 50
"""A look is followed by so many times the processor time that it took: reading records must not slow training."""
LIMIT = 10.0
"""Seconds that trackers have at the end for what they have not been told yet."""
ONCE = 500
"""Numbers that are told in one call at most."""
END = "end of the study"
BEGINS = "tracker "
"""How warnings of trackers begin."""


@contextmanager
def follow(choices: Sequence[TrackerChoice], store: Store, watcher: Watcher, limit: float = LIMIT) -> Iterator[None]:
    """Trackers are told of a study while it goes on, and get ``limit`` seconds when it ends, however it ends.

    Args:
        choices: which trackers.
        store: the study's; what a tracker missed is kept among its warnings.
        watcher: is told once of a tracker that fails, on that tracker's thread.
        limit: in seconds, for all of them together.
    """
    followers = [Follower(choice, store.folder, lambda text: watcher.tell(STUDY, text)) for choice in choices]
    for each in followers:
        each.start()
    try:
        yield
    finally:
        for each in followers:
            each.finish()
        until = time.monotonic() + limit
        for each in followers:
            each.wait(until - time.monotonic(), limit, store)
        with suppress(StoreError):  # it has been told; what ended the study, such as a full disk, must not be hidden
            _warn(store, [each.failure for each in followers if each.failure])


class Follower:
    """One tracker and its thread.

    Args:
        choice: which tracker.
        folder: the study's.
        say: is called once where the tracker fails.
    """

    def __init__(self, choice: TrackerChoice, folder: Path, say: Callable[[str], None]) -> None:
        self._choice, self._folder, self._say = choice, folder, say
        self._thread = threading.Thread(target=self._run, name=f"tracker {choice.kind}", daemon=True)
        self._loaded, self._ending = threading.Event(), threading.Event()
        self._alone = False
        """Whether the tracker is left alone: it has failed, or its time is up."""
        self._known: dict[str, set[Key]] = {}
        """What the tracker has of each run that has not ended."""
        self._ended: dict[str, list[object]] = {}
        """How each run ended that the tracker knows of."""
        self._begun = False
        self.failure = ""
        """What to tell of a tracker that failed."""

    def start(self) -> None:
        """Begin to follow. Packages are imported before this returns: no two threads should import at a time."""
        self._thread.start()
        self._loaded.wait(LIMIT)

    def finish(self) -> None:
        """Nothing more comes than what is on record now."""
        self._ending.set()

    def wait(self, seconds: float, limit: float, store: Store) -> None:
        """Wait until the tracker knows everything, or leave it alone."""
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive() and not self.failure:
            self._alone = True
            self._fail(f"had not taken everything {limit:g} s after the end; {self._missing(store)}")

    def _run(self) -> None:
        try:
            make = load_tracker(self._choice)
            self._loaded.set()
            with closing(SqliteStore(self._folder)) as store:
                memory = Kept(store, self._choice)
                self._follow(make(self._folder, memory), store, memory)
        except BaseException as error:
            # A tracker's library may raise anything, and nothing of it may reach the study. Nothing else of this
            # process arrives on this thread, ^C included. So this is the one place that catches everything.
            if not self._alone:
                self._alone = True
                self._fail(f"failed and is left alone: {type(error).__name__}: {error}")
        finally:
            self._loaded.set()

    def _fail(self, how: str) -> None:
        again = "No training was touched, and running the study again tells the tracker what it missed."
        self.failure = one_line(f"{BEGINS}{self._choice.kind}{self._choice.place} {how}. {again}")
        self._say(self.failure)

    def _follow(self, tracker: Tracker, store: Store, memory: Kept) -> None:
        last = False
        while not (last or self._alone):
            last, began = self._ending.is_set(), time.thread_time()
            self._look(tracker, store, memory)
            if not last:
                self._ending.wait(max(LOOK, IDLE * (time.thread_time() - began)))
        if not self._alone:
            tracker.close()

    def _look(self, tracker: Tracker, store: Store, memory: Kept) -> None:
        """Tell what has been recorded since the last look."""
        study = _study(store)
        if study is None:
            return
        runs = store.runs()
        for run in runs:
            if run.status != "planned" and self._ends(run.id, memory) != _end(run):
                self._begin(tracker, study)
                self._tell(run, tracker, store, memory)
            if self._alone:
                return
        ended = {"runs": len(runs)}
        if runs and all(run.status in EVERY_END for run in runs) and (self._begun or memory.kept(END) != ended):
            self._begin(tracker, study)
            tracker.end_study(study)
            self._begun = False
            memory.keep(END, ended)

    def _begin(self, tracker: Tracker, study: StudyRecord) -> None:
        if not self._begun:
            tracker.begin_study(study)
            self._begun = True

    def _tell(self, run: RunRecord, tracker: Tracker, store: Store, memory: Kept) -> None:
        if run.id not in self._known:
            self._known[run.id] = set(tracker.begin_run(run))
        known = self._known[run.id]
        fresh = [point for point in points_of(run, store) if point.key not in known]
        for start in range(0, len(fresh), ONCE):
            if self._alone:
                return
            some = fresh[start : start + ONCE]
            tracker.tell(run, some)
            known.update(point.key for point in some)
        if run.status in EVERY_END and not self._alone:
            tracker.end_run(run)
            self._ended[run.id] = _end(run)
            memory.keep(f"end of {run.id}", {"end": self._ended[run.id]})
            del self._known[run.id]

    def _ends(self, run: str, memory: Kept) -> list[object]:
        """How the run ended, as the tracker knows it."""
        if run not in self._ended:
            self._ended[run] = memory.kept(f"end of {run}").get("end", [])
        return self._ended[run]

    def _missing(self, store: Store) -> str:
        """How much the tracker has not been told."""
        counts = {
            run.id: sum(point.key not in self._known.get(run.id, ()) for point in points_of(run, store))
            for run in store.runs()
            if run.status != "planned" and self._ended.get(run.id) != _end(run)
        }
        return f"{sum(counts.values()):,} numbers of {len(counts)} runs are not known to be there"


def _end(run: RunRecord) -> list[object]:
    """What tells one end of a run from another: a run that failed may be trained again."""
    return [run.status, run.steps, run.seconds]


def _study(store: Store) -> StudyRecord | None:
    try:
        return store.study()
    except StoreError:
        return None  # not begun yet


def _warn(store: Store, failures: Sequence[str]) -> None:
    """Keep what was missed among the study's warnings, instead of what an earlier sitting missed."""
    study = _study(store)
    if study is None:
        return
    warnings = (*(each for each in study.warnings if not each.startswith(BEGINS)), *failures)
    if warnings != study.warnings:
        store.begin(replace(study, warnings=warnings))
