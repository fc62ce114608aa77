"""Files that are there whole or not at all: written beside the target, flushed to disk, then renamed."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(target: Path, text: str) -> None:
    """Write a text file in UTF-8; whoever reads it sees the old content or the new, never a part.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old content stays.
    """
    write_bytes(target, text.encode())


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file; see ``write_text``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
        flush(target.parent)
    finally:
        staged.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
