"""A picture that has not been read yet, wherever it is: a file, a member of an archive, a cell of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.data.images.decoding import BadPictureError
from tunefork.data.table import missing, printable

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2", ".avif",
    ".ico",
)  # fmt: skip
"""How names of pictures usually end. Content decides what a file is; names only say what is meant to be one."""
SNIFFED = 16
"""Bytes that tell a picture from other files."""
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP")
LARGEST_FILE = 2**28
"""Bytes of one picture's file at most."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, by the name under which a person finds it."""

    name: str
    read: Callable[[], Any]
    """Its file's bytes, a Pillow image or an array. Raises BadPictureError."""


def named_like_a_picture(name: str) -> bool:
    """Whether a file is called as pictures are.

    >>> named_like_a_picture("train/cat/1.JPG"), named_like_a_picture("notes.txt")
    (True, False)
    """
    return name.lower().endswith(SUFFIXES)


def holds_picture(value: Any) -> bool:
    """Whether a cell holds, or names, a picture."""
    if isinstance(value, str):
        return named_like_a_picture(value.strip()) and "://" not in value
    if isinstance(value, bytes | bytearray):
        return looks_like_a_picture(bytes(value[:SNIFFED]))
    if isinstance(value, Mapping):
        own = value.get("bytes")
        return set(value) <= {"bytes", "path"} and holds_picture(own if own is not None else value.get("path") or "")
    return isinstance(value, Picture) or is_image(value)


def looks_like_a_picture(begin: bytes) -> bool:
    r"""Whether a file begins as pictures do.

    >>> looks_like_a_picture(b"\x89PNG..."), looks_like_a_picture(b"BMI,age"), looks_like_a_picture(b"P6 4 4")
    (True, False, True)
    """
    if begin.startswith(b"BM"):
        return begin[6:10] == bytes(4)
    if begin[:2] in (b"P4", b"P5", b"P6"):
        return begin[2:3].isspace() and begin[3:4].isdigit()
    return begin.startswith(_MAGIC) or begin[8:12] == b"WEBP" or begin[4:12] in (b"ftypavif", b"ftypavis")


def is_image(value: Any) -> bool:
    """Whether a value is an image object: Pillow's, or an array of pixels."""
    return (hasattr(value, "getexif") and hasattr(value, "mode")) or (hasattr(value, "ndim") and value.ndim in (2, 3))


def picture_of(value: Any, name: str, folder: Path) -> Picture | None:
    """What a cell holds, as a picture; None where the cell is empty.

    Args:
        value: a path, bytes, a mapping with ``bytes`` or ``path`` (as the hub has them), an image, or an array.
        name: used where the cell has no name of its own.
        folder: that relative paths start from.
    """
    if isinstance(value, Picture):
        return value
    if missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        path = folder / value.strip()
        return Picture(printable(value.strip()), lambda: read_file(path))
    if isinstance(value, bytes | bytearray):
        return Picture(name, lambda: bytes(value))
    if isinstance(value, Mapping):
        own = printable(str(value.get("path") or name))
        if isinstance(value.get("bytes"), bytes | bytearray | memoryview):
            return Picture(own, lambda: bytes(value["bytes"]))
        if value.get("bytes") is not None:
            return Picture(own, lambda: _refuse(value["bytes"]))
        return picture_of(value.get("path"), name, folder)
    if is_image(value):
        return Picture(name, lambda: value)
    return Picture(name, lambda: _refuse(value))


def read_file(path: Path) -> bytes:
    """A picture's file.

    Raises:
        BadPictureError: it is not there, not a file, or far too large.
    """
    try:
        if not path.is_file():
            raise BadPictureError("no such file" if not path.exists() else "not a file")
        if (size := path.stat().st_size) > LARGEST_FILE:
            raise BadPictureError(f"the file has {size:,} bytes, more than {LARGEST_FILE:,}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadPictureError(reason) from None


def _refuse(value: Any) -> Any:
    raise BadPictureError(f"a value of type {type(value).__name__}, which is no picture")
