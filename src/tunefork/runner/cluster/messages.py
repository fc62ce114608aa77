"""What a runner and the workers of a cluster say to each other, beside events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunefork.runner.group import Order
from tunefork.store import EvaluationRecord, Predictions, RunRecord, StepRecord, StopWish

Files = dict[str, dict[str, bytes]]
"""Units, each with its files by their paths in it."""


@dataclass(frozen=True)
class Met:
    """A worker introduces itself."""

    pid: int
    host: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """What the study's store knows of a group's runs."""

    runs: tuple[RunRecord, ...]
    steps: tuple[StepRecord, ...]
    evaluations: tuple[tuple[EvaluationRecord, Predictions], ...]
    chosen: Mapping[str, Mapping[str, Any]]
    wishes: tuple[StopWish, ...]


@dataclass(frozen=True)
class Given:
    """A group to train."""

    order: Order
    known: Known
    job: str
    """Tells one job from another: a worker keeps the last."""
    share: int
    """How many workers share a machine's memory."""
    folder: Path
    """The study's, as the runner sees it."""
    token: str
    """A file in that folder: a worker that finds it sees the same folder."""
    units: tuple[str, ...] = field(default=())
    """What the runs go on from."""
    frozen: tuple[str, ...] = field(default=())
    """Files of frozen weights that are there and need not be sent."""


@dataclass(frozen=True)
class Piece:
    """A part of a file, read when it is sent: what waits takes no memory."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        """Its content."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)
