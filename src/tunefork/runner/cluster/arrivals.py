"""What workers send is put into the study's store and folder: each record at once, each unit whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tunefork.runner.cluster.folders import CHECKPOINTS, link_tree
from tunefork.runner.cluster.outgoing import forget
from tunefork.runner.cluster.relay import RECORDS
from tunefork.runner.messages import Event
from tunefork.store import Store
from tunefork.store.atomic import flush
from tunefork.store.space import disk_full

DESK = "ray"
"""The folder in a study's folder where what is on its way lies; gone when nobody trains."""


FOLDERS = frozenset({"moved", "open", "piece", "whole", "gone"})
"""Events that are of units."""


class Arrivals:
    """Takes the events of one worker, in the order in which it sent them.

    Args:
        store: the study's.
        sender: a name that no other worker has: two may send the same frozen weights at a time.
    """

    def __init__(self, store: Store, sender: str) -> None:
        self._store, self._folder = store, store.folder.resolve()
        self._arriving = self._folder / DESK / "arriving" / sender

    def clear(self) -> None:
        """Remove what has not come to its end."""
        shutil.rmtree(self._arriving, ignore_errors=True)

    def take(self, event: Event) -> bool:
        """Keep what it brings; False where it is something else.

        Raises:
            DiskFullError: there is no room for it.
        """
        if event.name not in RECORDS | FOLDERS:
            return False
        try:
            if event.name in FOLDERS:
                getattr(self, event.name)(*event.arguments)
            elif event.name == "merge":  # groups decide for themselves, under one name
                name, value = event.arguments
                self._store.choose(name, {**self._store.chosen(name), **value})
            else:
                getattr(self._store, event.name)(*event.arguments)
        except Exception as error:
            if full := disk_full(error, str(self._folder)):
                raise full from error
            raise
        return True

    def moved(self, unit: str, place: str, links: Mapping[str, str]) -> None:
        """A unit lies on this storage, and has to be moved only."""
        staged = self._staged(unit)
        Path(place).rename(staged)
        self._put(unit, staged, links)

    def open(self, unit: str, folder: bool) -> None:
        """The pieces of a unit follow."""
        staged = self._staged(unit)
        if folder:
            staged.mkdir()

    def piece(self, unit: str, name: str, content: bytes) -> None:
        """The next part of one of its files."""
        path = self._place(unit) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def whole(self, unit: str, links: Mapping[str, str]) -> None:
        """It has come to its end."""
        self._put(unit, self._place(unit), links)

    def gone(self, unit: str) -> None:
        """It is no more."""
        target = self._folder / unit
        shutil.rmtree(target, ignore_errors=True)
        parent = target.parent
        if parent.parent.name == CHECKPOINTS and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()

    def _put(self, unit: str, staged: Path, links: Mapping[str, str]) -> None:
        for name, source in links.items():
            link_tree(self._folder / source, staged / name)
        target = self._folder / unit
        target.parent.mkdir(parents=True, exist_ok=True)
        if staged.is_dir():
            flush(staged)
            shutil.rmtree(target, ignore_errors=True)
        elif target.exists():  # another worker sent the same frozen weights, and runs may link to those already
            staged.unlink()
            return
        staged.replace(target)
        flush(target.parent)

    def _place(self, unit: str) -> Path:
        return self._arriving / unit.replace("/", "+")

    def _staged(self, unit: str) -> Path:
        """The place of a unit on its way, empty."""
        place = self._place(unit)
        place.parent.mkdir(parents=True, exist_ok=True)
        forget(place)
        return place
