"""No room on the disk: told apart from whatever else goes wrong, whoever meets it."""

from __future__ import annotations

import errno
import re
import sqlite3

from tunefork.errors import DiskFullError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOLD = re.compile(
    rf"no space left|disk is full|file too large|quota exceeded|os error ({'|'.join(map(str, NO_ROOM))})\b",
    re.IGNORECASE,
)
"""As libraries say it that raise errors of their own: SQLite, and safetensors' writer."""


def disk_full(error: BaseException, where: str) -> DiskFullError | None:
    """The error to raise instead, where there was no room; None where it is something else.

    >>> disk_full(OSError(errno.ENOSPC, "No space left on device"), "out") is not None
    True
    >>> disk_full(ValueError("no number"), "out")
    """
    seen: BaseException | None = error
    while seen is not None:
        told = isinstance(seen, OSError) and seen.errno in NO_ROOM
        library = isinstance(seen, sqlite3.Error) or type(seen).__module__.startswith("safetensors")
        if told or (library and _TOLD.search(str(seen))):
            return DiskFullError(
                "There is no room on the disk, so the study pauses",
                where=where,
                found=str(seen),
                fix="Make room and run the same command again: it goes on from the last checkpoint.",
            )
        seen = seen.__cause__ or seen.__context__
    return None
