"""Folders of this machine that processes share while they live: gone with the last of them, however it ends.

Each process that is in holds a lock that the operating system keeps for it (``flock``). Whoever leaves last removes the
folder; where the last was killed, whoever enters any such folder next does.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

LOCK = ".lock"


class MachineFolder:
    """A folder below the system's temporary folder, which only its user can enter.

    Args:
        name: all who give the same are in the same folder.

    Raises:
        OSError: there is none to be had: no room, a place that is somebody else's, or no ``flock`` (Windows).

    >>> one, other = MachineFolder("example"), MachineFolder("example")
    >>> one.leave()
    >>> other.path.is_dir()
    True
    >>> other.leave()
    >>> other.path.is_dir()
    False
    """

    def __init__(self, name: str) -> None:
        base = _base()
        sweep()
        self.path, self._lock = base / name, base / f"{name}{LOCK}"
        self._handle: int | None = _entered(self._lock)
        self.path.mkdir(mode=0o700, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Leave it; the last removes it. Files that are mapped stay so."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            _remove(self._lock)


def machine_folder(name: str) -> MachineFolder | None:
    """The folder of that name; None where this machine has none to share, and each process has to go its own way."""
    try:
        return MachineFolder(name)
    except OSError:
        return None


def sweep() -> None:
    """Remove the folders in which nobody is: all who were there have been killed."""
    for lock in _base().glob(f"*{LOCK}"):
        _remove(lock)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock on a file of a ``MachineFolder``; others wait until it is given back, or who had it has died."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _base() -> Path:
    if not hasattr(os, "getuid"):
        raise OSError("this system has no locks that end with their process")
    base = Path(tempfile.gettempdir()) / f"tunefork-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    known = base.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.getuid() or known.st_mode & 0o022:
        raise PermissionError(f"{base} is not a folder of this user alone")
    return base


def _entered(lock: Path) -> int:
    """The handle of a lock that is held beside others."""
    import fcntl

    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if _same(handle, lock):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # whoever left last has removed it meanwhile


def _remove(lock: Path) -> None:
    """Remove a folder and its lock, where nobody is in."""
    import fcntl

    try:
        handle = os.open(lock, os.O_RDWR)
    except FileNotFoundError:  # somebody else was faster
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _same(handle, lock):
            shutil.rmtree(lock.with_name(lock.name.removesuffix(LOCK)), ignore_errors=True)
            lock.unlink()
    except BlockingIOError:
        pass
    finally:
        os.close(handle)


def _same(handle: int, lock: Path) -> bool:
    """Whether the file behind a handle still has its name."""
    try:
        return os.fstat(handle).st_ino == lock.stat().st_ino
    except FileNotFoundError:
        return False
