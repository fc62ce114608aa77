"""Folders that are there whole or not at all, and that show whether they still are what was written.

A folder is filled beside its place. Then every file is flushed to the disk and hashed, the manifest with the hashes is
written last, the folder gets its name, and the folder around it is flushed. Whoever is killed in between leaves a
folder without a name, which nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunefork.errors import DamagedError
from tunefork.store.atomic import flush, write_bytes

MANIFEST = "manifest.json"
STAGED = ".staged-"
"""How the name of a folder begins that is not whole yet."""
QUARANTINE = "quarantine"
"""The folder, beside the damaged ones, that they are put into."""
BLOCK = 1 << 20


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of ``target`` when everything in it is on the disk.

    Args:
        target: the name that it gets; a folder that is there already is replaced.

    Raises:
        OSError: the disk is full or the folder cannot be written; nothing is left behind.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "state"
    >>> with whole_folder(place) as folder:
    ...     _ = (folder / "a.txt").write_text("content")
    >>> sorted(path.name for path in place.iterdir()), verify(place)
    (['a.txt', 'manifest.json'], None)
    """
    staged = target.with_name(f"{STAGED}{target.name}-{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        yield staged
        seal(staged)
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
        flush(target.parent)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def seal(folder: Path) -> None:
    """Flush and hash everything that is in a folder, and write its manifest; ``verify`` then tells every change."""
    entries = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != MANIFEST):
        flush(path)
        entries[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": _once(path)}
    write_bytes(folder / MANIFEST, json.dumps({"files": entries}, indent=1).encode())
    flush(folder)


_HASHED: dict[tuple[int, int, int, int], str] = {}


def _once(path: Path) -> str:
    """The SHA-256 of a file that was just written; one that many folders link to is read once."""
    known = path.stat()
    key = (known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns)
    if key not in _HASHED:
        _HASHED[key] = digest_of(path)
    return _HASHED[key]


def verify(folder: Path) -> None:
    """Check that a folder holds what was written, to the byte.

    Raises:
        DamagedError: naming the first file that is missing, of another size or of other content, or that nobody wrote.
    """
    manifest = folder / MANIFEST
    try:
        entries = json.loads(manifest.read_bytes())["files"]
        known = {str(name): (int(each["bytes"]), str(each["sha256"])) for name, each in entries.items()}
    except FileNotFoundError:
        raise DamagedError("A folder was not written to its end", where=str(folder), found="no manifest") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError("The manifest cannot be read", where=str(manifest), found=str(error)) from error
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    for name in sorted(there | known.keys()):
        path = folder / name
        if name not in known:
            raise DamagedError("There is a file that nobody wrote", where=str(path), found="not in the manifest")
        size, digest = known[name]
        if name not in there:
            raise DamagedError("A file is missing", where=str(path), found=f"{size:,} bytes were written")
        if path.stat().st_size != size:
            raise DamagedError(
                "A file has another size", where=str(path), found=f"{path.stat().st_size:,} bytes instead of {size:,}"
            )
        if digest_of(path) != digest:
            raise DamagedError("A file has other content", where=str(path), found="another SHA-256")


def quarantine(folder: Path) -> Path:
    """Put a damaged folder where nobody takes it for a good one; returns its new place."""
    place = folder.parent / QUARANTINE
    place.mkdir(exist_ok=True)
    number = sum(1 for _ in place.iterdir())
    target = place / f"{folder.name}-{number}"
    folder.rename(target)
    return target


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()
