"""No room on the disk is told apart from whatever else goes wrong, in whichever words it is said."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from tunefork.errors import DiskFullError
from tunefork.store.space import disk_full


class SafetensorError(Exception):
    """Named and placed as the library's own is."""


SafetensorError.__module__ = "safetensors"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        sqlite3.OperationalError("database or disk is full"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_no_room(error: Exception) -> None:
    for seen in (error, caused(error), during(error)):
        found = disk_full(seen, "out")
        assert isinstance(found, DiskFullError)
        assert found.what == "There is no room on the disk, so the study pauses"
        assert found.where == "out"
        assert "Make room and run the same command again" in found.fix


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied"),
        ValueError("no space left in this sentence"),
        sqlite3.OperationalError("database is locked"),
        KeyError("a"),
    ],
)
def test_anything_else(error: Exception) -> None:
    assert disk_full(error, "out") is None
    assert disk_full(caused(error), "out") is None


def caused(error: Exception) -> Exception:
    try:
        raise RuntimeError("while saving") from error
    except RuntimeError as found:
        return found


def during(error: Exception) -> Exception:
    try:
        try:
            raise error
        except Exception:
            raise RuntimeError("while telling")  # noqa: B904
    except RuntimeError as found:
        return found
