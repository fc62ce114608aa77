"""What lies in a folder: the pictures, by their path inside. Links that lead out are refused."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tunefork.data.images.pictures import (
    SNIFFED,
    Picture,
    looks_like_a_picture,
    named_like_a_picture,
    read_file,
)
from tunefork.data.table import count, printable
from tunefork.errors import ReadError

HIDDEN = ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")
"""Passed over like names that begin with a dot."""
TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".xml", ".html", ".yaml", ".yml")
"""Never sniffed."""


@dataclass
class Listing:
    """The pictures of a folder or an archive."""

    name: str
    pictures: dict[str, Picture] = field(default_factory=dict)
    """By path inside, in the order of the paths."""
    folders: set[str] = field(default_factory=set)
    """Every folder inside, also empty ones."""
    hidden: int = 0
    other: list[str] = field(default_factory=list)
    """Files that are no pictures, by neither name nor content."""
    misnamed: int = 0
    """Pictures that are not called so."""

    def notices(self) -> tuple[str, ...]:
        """What was passed over."""
        found = []
        if self.hidden:
            found.append(f"{count(self.hidden, 'hidden entry')} of {self.name} passed over.")
        if self.other:
            kinds = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in self.other)
            shown = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(4))
            found.append(f"{count(len(self.other), 'file')} of {self.name} that are no pictures passed over ({shown}).")
        if self.misnamed:
            found.append(f"{count(self.misnamed, 'picture')} of {self.name} not called so read by content.")
        return tuple(found)

    def wants(self, path: str, begin: Callable[[], bytes]) -> bool:
        """Whether a file is to be read.

        Args:
            path: inside the folder.
            begin: gives its first bytes; asked only where the name says nothing.
        """
        if hidden(path):
            self.hidden += 1
        elif named_like_a_picture(path):
            return True
        elif not path.lower().endswith(TEXTS) and looks_like_a_picture(begin()):
            self.misnamed += 1
            return True
        else:
            self.other.append(path)
        return False

    def add(self, path: str, read: Callable[[], Any]) -> None:
        """Take a picture; ``read`` gives its bytes."""
        name = printable(path)  # file systems and old archives have names that no other file can hold
        if name in self.pictures:
            raise refused(self.name, path, "there twice", "two entries of one name")
        self.pictures[name] = Picture(name, read)


def hidden(path: str) -> bool:
    """Whether a path passes through something hidden.

    >>> hidden("cat/.DS_Store"), hidden(".ipynb_checkpoints/1.jpg"), hidden("cat/1.jpg")
    (True, True, False)
    """
    return any(part.startswith(".") or part in HIDDEN for part in PurePosixPath(path).parts)


def list_folder(root: Path, name: str) -> Listing:
    """The pictures of a folder.

    Raises:
        ReadError: a link that leads out of it, or back into it.
        OSError: a folder that cannot be read.
    """
    listing, whole = Listing(name), root.resolve()
    seen = {_identity(root)}

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(root, followlinks=True, onerror=fail):
        listing.hidden += sum(map(hidden, folders))
        folders[:] = sorted(each for each in folders if not hidden(each))
        for each in [*folders, *sorted(files)]:
            path = Path(folder) / each
            inside = path.relative_to(root).as_posix()
            if not path.resolve().is_relative_to(whole):
                raise refused(name, inside, "a link that leads out of the folder", f"it leads to {path.resolve()}")
            if not path.is_dir():
                if listing.wants(inside, lambda path=path: _begin(path)):  # type: ignore[misc]
                    listing.add(inside, lambda path=path: read_file(path))  # type: ignore[misc]
                continue
            if _identity(path) in seen:
                raise refused(name, inside, "a link to a folder that is here already", f"it leads to {path.resolve()}")
            seen.add(_identity(path))
            listing.folders.add(inside)
    return listing


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _begin(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(SNIFFED)


def refused(name: str, entry: str, what: str, found: str) -> ReadError:
    """The error for an entry that nobody may follow."""
    return ReadError(
        f"The entry '{printable(entry)}' is {what}, and is refused",
        where=name,
        found=printable(found),
        fix="Remove it from the data, or put the picture itself there.",
    )
