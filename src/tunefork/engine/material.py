"""What a group is trained on, and how its runs end: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tunefork.data import EncodedSplit
from tunefork.engine.pausing import Paused
from tunefork.engine.unit import PLAIN, Unit


@dataclass(frozen=True)
class Rows:
    """The encoded splits a group trains on. ``validation`` may be absent; ``test`` is read once, at the end."""

    train: EncodedSplit
    validation: EncodedSplit | None
    test: EncodedSplit | None
    pad_id: int
    names: tuple[str, ...] = ()
    """Of the classes, for settings that name them; their numbers unless given."""
    unit: Unit = PLAIN
    """In which the model answers with numbers while it trains."""

    @property
    def splits(self) -> dict[str, EncodedSplit]:
        """Those that are there, by name."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in found.items() if split is not None}


@dataclass(frozen=True)
class Outcome:
    """How one run of a group ended."""

    status: Literal["done", "diverged", "stopped", "paused"]
    """``done``, ``diverged``, ``stopped`` (the time was up) or ``paused``."""
    reason: str
    steps: int
    best_step: int | None
    converged: bool | None
    stopped_early: bool
    seconds: float
    """The run's share of the group's wall time."""
    peak_memory_mb: float
    notices: tuple[str, ...] = ()
    paused: Paused | None = None
    """What a run goes on from that was laid aside."""
