"""What changes in a worker's folder goes to the study's folder: by name where both are on one storage, else in pieces.

Everything is one stream with the records, in the order in which it happened: whoever reads a checkpoint has read all
records before it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tunefork.runner.cluster.folders import BACKBONE, link_tree, resumable
from tunefork.runner.cluster.messages import Piece
from tunefork.runner.messages import Event

PIECE = 16 * 2**20
"""Bytes that are sent at a time."""
OUT = "out"


class Outgoing:
    """Sends the units of one order.

    Args:
        folder: the worker's, for this order.
        shared: whether the runner can take files from there.
        frozen: files of frozen weights that the study has.
        send: takes events.
    """

    def __init__(self, folder: Path, shared: bool, frozen: tuple[str, ...], send: Callable[[Event], None]) -> None:
        self._folder, self._shared, self._send = folder, shared, send
        self._there = set(frozen)
        self._known = resumable(folder)
        self._count = 0

    def changed(self) -> None:
        """Send new checkpoints and runs that were laid aside, and tell of those that are gone."""
        now = resumable(self._folder)
        if now == self._known:
            return
        for unit in now:
            if now[unit] != self._known.get(unit):
                self._unit(unit)
        for unit in self._known.keys() - now.keys():
            self._send(Event("gone", (unit,)))
        self._known = now

    def run(self, run: str) -> None:
        """Send a run's folder as it is; what the study has of it is replaced."""
        unit = f"runs/{run}"
        if (self._folder / unit).is_dir():
            self._unit(unit)
        else:
            self._send(Event("gone", (unit,)))

    def _unit(self, unit: str) -> None:
        source = self._folder / unit
        links = self._links(source) if unit.startswith("runs/") else {}
        for target in links.values():
            if target not in self._there:
                self._there.add(target)
                self._ship(target, self._kept(target), {})
        self._ship(unit, self._kept(unit), links)

    def _links(self, folder: Path) -> dict[str, str]:
        """Files that are frozen weights, with what they link to."""
        known = {path.stat().st_ino: path.name for path in (self._folder / BACKBONE).glob("*.safetensors")}
        return {
            path.name: f"{BACKBONE}/{known[path.stat().st_ino]}"
            for path in folder.iterdir()
            if path.stat().st_ino in known
        }

    def _kept(self, unit: str) -> Path:
        """The unit as it is now, whatever becomes of it until it is sent."""
        self._count += 1
        place = self._folder / OUT / str(self._count)
        link_tree(self._folder / unit, place)
        return place

    def _ship(self, unit: str, place: Path, links: dict[str, str]) -> None:
        for name in links:
            (place / name).unlink()
        if self._shared:
            self._send(Event("moved", (unit, str(place), links)))
            return
        self._send(Event("open", (unit, place.is_dir())))
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                name, size = path.relative_to(place).as_posix(), path.stat().st_size
                for start in range(0, max(size, 1), PIECE):
                    self._send(Event("piece", (unit, name, Piece(path, start, PIECE))))
        self._send(Event("whole", (unit, links)))
        self._send(Event("sent", (place,)))


def forget(place: Path) -> None:
    """Remove what was sent."""
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
