"""What Ray leaves on the disk of a cluster of this machine alone: removed when it ends, or the next time one starts.

Ray keeps a folder of sockets and logs for each cluster that was ever started. Ours have a file in them, with a lock
that goes with the process.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MARK = "tunefork.lock"


class Session:
    """The folder of a cluster that was started here.

    Args:
        folder: Ray's own for this session.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        unlocked = folder / f"{MARK}.new"
        self._handle = os.open(unlocked, os.O_RDWR | os.O_CREAT, 0o600)
        locked = _locked(self._handle)
        unlocked.rename(folder / MARK)  # nobody finds it before it is locked: that would be one of the dead
        if locked:
            for mark in folder.parent.glob(f"session_*/{MARK}"):
                _remove(mark)

    def end(self) -> None:
        """The cluster has ended."""
        os.close(self._handle)
        shutil.rmtree(self._folder, ignore_errors=True)


def _remove(mark: Path) -> None:
    """Remove a session whose process was killed."""
    try:
        handle = os.open(mark, os.O_RDWR)
    except OSError:  # somebody else's, or just removed
        return
    try:
        if _locked(handle):
            shutil.rmtree(mark.parent, ignore_errors=True)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether the lock could be had; where the system has none that goes with its process, it cannot."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
