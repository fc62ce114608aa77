"""What a pool and its workers say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.runner.protocol import Job


@dataclass(frozen=True)
class Setup:
    """What a worker is told first."""

    job: Job
    folder: Path
    """The study's."""
    threads: int
    share: int
    """How many workers share the machine's memory."""
    together: str = ""
    """The ``MachineFolder`` where they keep what all of them need; none where that is empty."""


@dataclass(frozen=True)
class Stop:
    """Finish the step, keep it, and end."""

    signal: int


@dataclass(frozen=True)
class Event:
    """A call of the watcher, ``done`` behind an order, or ``halted`` with why nothing more can be done.

    ``halted`` has the name of the error's class and what it says: its signal, or what, where, found and fix.
    """

    name: str
    arguments: tuple[Any, ...] = ()
