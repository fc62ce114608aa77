"""``python -m tunefork.runner.parallel.worker``: one of the processes of a ``DataParallelRunner``.

The first is a worker as any other, over its standard input and output (``tunefork.runner.worker``); the others follow
it, and end when their input does.
"""

from __future__ import annotations

import os
import sys
import threading

from tunefork.engine.stopping import ignore_signals
from tunefork.errors import LostError
from tunefork.runner import worker
from tunefork.runner.parallel.follow import follow
from tunefork.runner.team import Seat, Team


def main() -> None:
    """Work until the input ends."""
    seat = Seat.read(os.environ)
    assert seat is not None
    if seat.rank == 0:
        worker.main(lambda: Team(seat))
        return
    os.dup2(2, 1)
    ignore_signals()
    threading.Thread(target=_wait, name="input", daemon=True).start()
    try:
        follow(Team(seat))
    except LostError:  # the leader tells, or whoever started both
        os._exit(1)
    os._exit(0)


def _wait() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
