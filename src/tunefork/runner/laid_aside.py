"""Runs that a search has laid aside: a file for each run and step, from which it goes on or not.

The files of a group's runs are written first, then the records of all of them say so at once, then older files go.
Whoever is killed in between finds either the older files and records, or the newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tunefork.engine import Paused
from tunefork.plan import PlannedRun


class LaidAside:
    """The files in ``paused/`` of a study's folder.

    Args:
        folder: the study's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "paused"

    def put(self, run: str, paused: Paused) -> None:
        """Write where a run is."""
        paused.save(self._folder / f"{run}@{paused.step}.safetensors")

    def together(self, planned: Sequence[PlannedRun]) -> list[tuple[list[PlannedRun], list[Paused]]]:
        """Runs that go on from the same step, with what they go on from; those that begin first."""
        found: dict[int, tuple[list[PlannedRun], list[Paused]]] = {}
        for run in planned:
            earlier = [step for step in self._steps(run.config.id) if step < run.last]
            paused = [Paused.read(self._path(run.config.id, max(earlier)))] if earlier else []
            runs, states = found.setdefault(max(earlier, default=0), ([], []))
            runs.append(run)
            states += paused
        return [found[step] for step in sorted(found)]

    def tidy(self, runs: Iterable[str]) -> None:
        """Of each run keep the newest file."""
        for run in runs:
            for step in self._steps(run)[:-1]:
                self._path(run, step).unlink(missing_ok=True)

    def forget(self, keep: frozenset[str] = frozenset()) -> None:
        """Delete the files of all runs but these."""
        for path in self._folder.glob("*.safetensors") if self._folder.is_dir() else ():
            if path.stem.rpartition("@")[0] not in keep:
                path.unlink(missing_ok=True)

    def _steps(self, run: str) -> list[int]:
        found = (path.stem.rpartition("@")[2] for path in self._folder.glob(f"{run}@*.safetensors"))
        return sorted(int(step) for step in found if step.isdigit())

    def _path(self, run: str, step: int) -> Path:
        return self._folder / f"{run}@{step}.safetensors"
