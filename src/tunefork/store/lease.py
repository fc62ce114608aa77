"""One process at a time works in a study's folder.

The lease is a lock that the operating system holds for the process (``flock``): it goes when the process goes, however
that ends, so a stale one cannot be. Who holds it stands in the file, for whoever comes second.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunefork.errors import BusyError

FILE = "study.lock"
AGAIN = (0.0, 0.02, 0.1)
"""Seconds before each try: who only looks whether a folder is held has its lock for a moment."""


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Hold a study's folder.

    Raises:
        BusyError: another process holds it; with its pid, host and since when.

    >>> import tempfile
    >>> with lease(Path(tempfile.mkdtemp())):
    ...     pass
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not any(_locked(handle, after) for after in AGAIN):
            raise _busy(folder, handle)
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(folder: Path) -> dict[str, Any] | None:
    """Who holds a folder: pid, host and since when; None where nobody does."""
    path = folder / FILE
    if not path.is_file() or not path.stat().st_size:  # whoever ends leaves it empty: the lock need not be tried
        return None
    handle = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    try:
        return None if _locked(handle) else _told(handle)
    finally:
        os.close(handle)


def _locked(handle: int, after: float = 0.0) -> bool:
    """Whether the lock could be had, after so many seconds."""
    time.sleep(after)
    try:
        import fcntl
    except ImportError:  # Windows: its own call, on the first byte
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 4096, 0))
    except ValueError:  # it is just being written
        return {}
    return found if isinstance(found, dict) else {}


def _busy(folder: Path, handle: int) -> BusyError:
    told = _told(handle)
    who = f"process {told.get('pid', 'unknown')} on {told.get('host', 'an unknown host')}"
    since = f", since {told['since']}" if "since" in told else ""
    return BusyError(
        "Another process is at work in this folder",
        where=str(folder),
        found=f"{who}{since}",
        fix="Wait for it or stop it, or choose another folder with -o.",
    )
