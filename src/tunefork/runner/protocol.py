"""The runner's protocol: executes a plan and leaves every result in the store."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Protocol

from tunefork.config import SaveEvery
from tunefork.engine import Rows
from tunefork.metrics import OwnMetric
from tunefork.models import Backbone
from tunefork.plan import Plan
from tunefork.store import Store
from tunefork.strategies import Selection

USUALLY = SaveEvery()
STUDY = -1
"""Stands for a group where something is told of the study as a whole."""


@dataclass(frozen=True)
class Job:
    """Everything that runs need beside the plan."""

    backbone: Backbone
    rows: Rows
    selections: Mapping[str, Selection]
    """By configuration."""
    selection_metric: str
    facts: Mapping[str, Any]
    """Goes into every artefact's ``tunefork.json``: labels, columns, lengths."""
    keep: bool = True
    """Whether models are saved; those of a search's trials are not."""
    deadline: float | None = None
    """When to stop, in seconds since the epoch."""
    finish: bool = False
    """Whether runs that are under way then end with what they have learnt."""
    save_every: SaveEvery = USUALLY
    """How often groups that are under way are kept."""
    own: tuple[OwnMetric, ...] = ()
    """The user's own metrics, computed of every evaluation."""


class Watcher(Protocol):
    """Is told how a study gets on, for people who wait.

    Several groups may be under way; their numbers tell them apart.
    """

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """The plan is about to be executed; the runs ``done`` are finished already."""

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        """A group begins."""

    def tell(self, group: int, text: str) -> None:
        """There is something to know of the group, such as that it goes on from a checkpoint.

        Where the group is ``STUDY``, it is of the study as a whole, and the call may come from another thread.
        """

    def step(self, group: int, step: int, loss: float | None) -> None:
        """The group finished an optimizer step; the loss is there when it was just recorded."""

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """A run ended."""

    def end(self) -> None:
        """The plan is executed."""


@dataclass(frozen=True)
class Places:
    """What a runner has room for."""

    groups: int
    """At the same time."""
    threads: int
    """Of each."""
    share: int = 1
    """Processes that divide each group's batches among them."""
    memory_mib: float | None = None
    """That each has; None where it is this machine's, or unknown."""


class Runner(Protocol):
    """Executes a plan.

    Contract: runs that the store has as ``done``, or as stopped on demand, are left alone; every other run ends as
    ``done``, ``diverged`` or ``failed`` with a reason, its records and its artefact in the store; one run's failure
    does not touch the others. A run whose end the store's wishes ask for ends as ``stopped``, and its neighbours keep
    their very bits; where they ask for the end of the study, it is as if a signal did.
    A run with ``until`` ends as ``paused`` after that step, and goes on from there when a later plan asks for more.
    Behind the job's deadline, runs on their way end as ``stopped``, and no other begins. Whoever is killed, or asked to
    stop (``StoppedError``), or finds no room on the disk (``DiskFullError``), leaves runs as ``running``; executing the
    plan again goes on from the last checkpoint and ends with the same bits.
    """

    def places(self) -> Places | None:
        """What it has room for; None where the planner is to measure how many groups at a time are fastest here."""

    def execute(self, plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        """Execute the plan."""
