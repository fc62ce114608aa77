"""Runs that a search has laid aside: a folder for each run and step, from which it goes on or not.

The folders of a group's runs are written first, then the records of all of them say so at once, then older folders go.
Whoever is killed in between finds either the older folders and records, or the newer. Each is there whole or not at
all, and is verified before it is used; a damaged one goes into quarantine, and its run goes on from an older one or
begins anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from tunefork.engine import Paused
from tunefork.errors import StoreError
from tunefork.plan import PlannedRun
from tunefork.store.whole import quarantine, verify, whole_folder

FILE = "run.safetensors"


class LaidAside:
    """What is in ``paused/`` of a study's folder.

    Args:
        folder: the study's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "paused"

    def put(self, run: str, paused: Paused) -> None:
        """Write where a run is."""
        with whole_folder(self._path(run, paused.step)) as folder:
            paused.save(folder / FILE)

    def together(self, planned: Sequence[PlannedRun]) -> list[tuple[list[PlannedRun], list[Paused]]]:
        """Runs that go on from the same step, with what they go on from; those that begin first."""
        found: dict[int, tuple[list[PlannedRun], list[Paused]]] = {}
        for run in planned:
            paused = self._newest(run.config.id, before=run.last)
            runs, states = found.setdefault(paused.step if paused else 0, ([], []))
            runs.append(run)
            states += [paused] if paused else []
        return [found[step] for step in sorted(found)]

    def tidy(self, runs: Iterable[str], waiting: Collection[str] = ()) -> None:
        """Of runs that wait to go on keep the newest, of others nothing."""
        for run in runs:
            steps = self._steps(run)
            for step in steps[:-1] if run in waiting else steps:
                shutil.rmtree(self._path(run, step))

    def forget(self, keep: Collection[str] = ()) -> None:
        """Delete what all runs but these would go on from."""
        for path in self._folder.glob("*@*") if self._folder.is_dir() else ():
            if path.name.rpartition("@")[0] not in keep:
                shutil.rmtree(path)

    def _newest(self, run: str, before: int) -> Paused | None:
        for step in reversed(self._steps(run)):
            if step >= before:  # of a sitting that was cut off before all records said so
                continue
            folder = self._path(run, step)
            try:
                verify(folder)
                return Paused.read(folder / FILE)
            except StoreError:
                quarantine(folder)
        return None

    def _steps(self, run: str) -> list[int]:
        found = (path.name.rpartition("@")[2] for path in self._folder.glob(f"{run}@*"))
        return sorted(int(step) for step in found if step.isdigit())

    def _path(self, run: str, step: int) -> Path:
        return self._folder / f"{run}@{step}"
