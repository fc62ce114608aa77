"""Studies below a folder, and the ids by which the page knows them: nobody who asks names a path."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tunefork.errors import StoreError
from tunefork.store.database import FILE

DEPTH = 4
"""Folders inside folders that are looked into."""
MOST = 5000
"""Folders that are looked into at most: somebody may start the page in their home folder."""
FRESH = 2.0
"""Seconds after which somebody who asks makes it look again."""
NEW = 0.2
"""The same where somebody asks for a study that is not known yet."""
SKIPPED = frozenset({"runs", "checkpoints", "figures", "node_modules", "__pycache__"})


class Shelf:
    """The studies in a folder or below it, also those that begin later.

    Args:
        root: a study's folder, or one with studies somewhere below.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "a").mkdir()
    >>> (root / "a" / "study.db").touch()
    >>> [folder.name for folder in Shelf(root).folders().values()]
    ['a']
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._known: dict[str, Path] = {}
        self._looked = -FRESH
        self._lock = threading.Lock()

    def folders(self, fresh: float | None = None) -> dict[str, Path]:
        """The studies' folders by id, sorted by path, as they were at most ``fresh`` seconds ago."""
        with self._lock:
            if time.monotonic() - self._looked >= (FRESH if fresh is None else fresh):
                self._known = {identity(folder): folder for folder in sorted(_studies(self.root))}
                self._looked = time.monotonic()
            return dict(self._known)

    def folder(self, study: str) -> Path:
        """The folder of an id.

        Raises:
            StoreError: there is no such study, or no longer.
        """
        found = self.folders().get(study) or self.folders(NEW).get(study)
        if found is None or not (found / FILE).is_file():
            raise StoreError(
                "There is no such study", where=str(self.root), found=repr(study), fix="The page's list has all."
            )
        return found

    def has(self, study: str) -> bool:
        """Whether there is a study of this id."""
        return study in self.folders() or study in self.folders(NEW)

    def place(self, folder: Path) -> str:
        """Where a study is, as the page tells it: from the root on."""
        return folder.relative_to(self.root).as_posix() if folder != self.root else folder.name


def identity(folder: Path) -> str:
    """The id of a study, the same as long as it stays where it is."""
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def _studies(root: Path) -> Iterator[Path]:
    """A study's own folder is not looked into: what is in there is part of it."""
    waiting, looked = [(root, 0)], 0
    while waiting and looked < MOST:
        folder, depth = waiting.pop(0)
        looked += 1
        if (folder / FILE).is_file():
            yield folder
        elif depth < DEPTH:
            waiting += [(each, depth + 1) for each in _inside(folder)]


def _inside(folder: Path) -> list[Path]:
    """Links are not followed: they may lead around in circles, or anywhere."""
    try:
        with os.scandir(folder) as entries:
            found = [each for each in entries if each.is_dir(follow_symlinks=False)]
    except PermissionError:
        return []  # what we may not read, we may not show
    except FileNotFoundError:
        return []  # removed since it was listed
    return [Path(each.path) for each in found if each.name not in SKIPPED and not each.name.startswith(".")]
