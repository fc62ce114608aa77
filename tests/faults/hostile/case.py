"""One hostile input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tunefork.config import DataConfig
from tunefork.data import load_splits


@dataclass(frozen=True)
class Hostile:
    """Something that is read, and what has to be said about it."""

    name: str
    read: Callable[[Path], object]
    """Makes it in an empty folder, which is the working directory, and reads it."""
    says: str = ""
    """Part of the message; where it is empty, data are as good as an error."""
    valid: bool = False
    """Whether it looks hostile but is to be read."""


def rows(name: str, content: str | bytes, file: str = "a.csv", says: str = "", **config: object) -> Hostile:
    """A file of rows whose splits are loaded."""

    def read(folder: Path) -> object:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return load_splits(DataConfig(**{"train": file, "rare": "train", **config}))

    return Hostile(f"{file} {name}", read, says)
