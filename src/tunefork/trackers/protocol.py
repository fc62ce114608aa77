"""What a tracker is told of a study, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tunefork.store import RunRecord, StudyRecord

EVERY_END = ("done", "failed", "diverged", "stopped")
"""Statuses of runs that have ended, for this sitting at least."""


class Key(NamedTuple):
    """What makes two numbers of a run the same one: it is told once."""

    name: str
    """``train/loss``, ``validation/accuracy``, ``test/f1``, ``final/seconds``."""
    step: int


@dataclass(frozen=True)
class Point:
    """One number of a run."""

    key: Key
    value: float


class Memory(Protocol):
    """What a tracker keeps from one sitting of the study to the next, in the study's own database."""

    def kept(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""

    def keep(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something."""


class Tracker(Protocol):
    """Is told of a study while it goes on.

    All calls come from one thread, which trains nothing and may wait. Whatever a call raises ends the tracker's part in
    this sitting of the study, and nothing else. A study may have several sittings: what was told before is not told
    again, so ``begin_run`` says what there is.
    """

    def begin_study(self, study: StudyRecord) -> None:
        """The study begins or goes on: its name, model and rows."""

    def begin_run(self, run: RunRecord) -> Iterable[Key]:
        """A run begins or goes on: its name, configuration and seed; gives the numbers of it that are there already."""

    def tell(self, run: RunRecord, points: Sequence[Point]) -> None:
        """Numbers that are new, in the order of their steps."""

    def end_run(self, run: RunRecord) -> None:
        """A run has ended: how, and why."""

    def end_study(self, study: StudyRecord) -> None:
        """Every run has ended."""

    def close(self) -> None:
        """Nothing more comes in this sitting."""
