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


@dataclass(frozen=True)
class Event:
    """A call of the watcher, or ``done`` behind an order."""

    name: str
    arguments: tuple[Any, ...] = ()
