"""Where a group goes on from when its training was cut off: weights, moments, best weights, places in all streams.

A checkpoint is a folder that is there whole or not at all (``tunefork.store.whole``): a file for each run, laid out as
a run that is laid aside is (``pausing``), and one for what the runs share. The two newest are kept. What is read is
verified first: a damaged one is put into quarantine, and the newest that is whole is taken.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tunefork.engine.pausing import Paused
from tunefork.errors import StoreError
from tunefork.store.whole import QUARANTINE, STAGED, quarantine, verify, whole_folder

KEPT = 2
"""Checkpoints of a group that stay."""
SHARED = "group.json"


@dataclass(frozen=True)
class Snapshot:
    """A group in the middle of its training."""

    step: int
    """Optimizer steps that it has made."""
    passes: int
    """Forward passes of training: the place in the random streams."""
    runs: Mapping[str, Paused]
    """By their ids, in the group's order; also those that have ended and wait for the others."""


class Checkpoints:
    """The checkpoints of one group.

    Args:
        folder: theirs.
        seconds: between two of them.
        steps: keep one after every so many steps instead.
    """

    def __init__(self, folder: Path, seconds: float = 60.0, steps: int | None = None) -> None:
        self._folder, self._seconds, self._steps = folder, seconds, steps
        self._last = time.monotonic()
        self.notices: list[str] = []
        """What was found damaged."""

    @property
    def any(self) -> bool:
        """Whether there is one, whole or not."""
        return bool(self._there())

    def due(self, step: int) -> bool:
        """Whether it is time for another one."""
        if self._steps is not None:
            return step % self._steps == 0
        return time.monotonic() - self._last >= self._seconds

    def keep(self, snapshot: Snapshot) -> None:
        """Write one, and let go of the oldest.

        Raises:
            OSError: the disk is full or cannot be written; those that are there stay.
        """
        shared = {"step": snapshot.step, "passes": snapshot.passes, "runs": list(snapshot.runs)}
        with whole_folder(self._folder / f"{snapshot.step:09d}") as folder:
            for number, paused in enumerate(snapshot.runs.values()):
                paused.save(folder / f"run-{number}.safetensors")
            (folder / SHARED).write_text(json.dumps(shared), encoding="utf-8")
        for old in self._there()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        self._last = time.monotonic()

    def newest(self) -> Snapshot | None:
        """The newest that is whole; None where there is none. Damaged ones go into quarantine, with a notice."""
        self._sweep()
        for folder in reversed(self._there()):
            try:
                verify(folder)
                return _read(folder)
            except StoreError as error:
                place = quarantine(folder)
                self.notices.append(f"a checkpoint was damaged and is not used ({error.what}; now {place})")
        return None

    def forget(self) -> None:
        """All runs of the group have come to their end. What was found damaged stays, for whoever wants to look."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name != QUARANTINE:
                shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):  # not empty
            self._folder.rmdir()

    def _there(self) -> list[Path]:
        """Those that have a name, the oldest first."""
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.is_dir() and path.name.isdigit())

    def _sweep(self) -> None:
        """Remove what a killed process has left half written."""
        for path in self._folder.glob(f"{STAGED}*"):
            shutil.rmtree(path, ignore_errors=True)


def _read(folder: Path) -> Snapshot:
    try:
        shared = json.loads((folder / SHARED).read_text(encoding="utf-8"))
        names = [str(name) for name in shared["runs"]]
        step, passes = int(shared["step"]), int(shared["passes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError("A checkpoint cannot be read", where=str(folder), found=str(error)) from error
    runs = {name: Paused.read(folder / f"run-{number}.safetensors") for number, name in enumerate(names)}
    return Snapshot(step, passes, runs)
