"""The plan: what the study will do, with counts and costs, before anything trains."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tunefork.config import RunConfig
from tunefork.counts import Counts, Formula
from tunefork.plan.estimate import StepTiming
from tunefork.plan.schedule import FEATURES, longest_first, makespan


@dataclass(frozen=True)
class PlannedRun:
    """One training with its counts and costs; None where a number cannot be known here."""

    config: RunConfig
    name: str
    blocks: tuple[str, ...]
    counts: Counts
    steps: int | None = None
    seconds: float | None = None
    memory_mib: float | None = None
    notices: tuple[str, ...] = ()
    formulas: tuple[Formula, ...] = ()
    """Where the counts come from."""
    until: int | None = None
    """Lay it aside after so many steps; None trains it to its end."""
    timing: StepTiming | None = None
    """What was measured of it alone; None where nobody measured."""

    @property
    def last(self) -> int:
        """The step with which this part of its training ends; 0 where steps are unknown."""
        return min(self.until or self.steps or 0, self.steps or 0)


@dataclass(frozen=True)
class Group:
    """Runs trained together in one pass, by their ids."""

    runs: tuple[str, ...]
    depth: int = 0
    """Blocks at the bottom of the model that all of them leave as they are."""
    features: bool = False
    """Only heads train: each row passes through the model once."""
    alone: str = ""
    """Why a lone run cannot share a pass; empty when it could."""
    seconds: float | None = None
    """Estimated wall time."""
    timing: StepTiming | None = None
    """What was measured of it; None where nobody measured."""


@dataclass(frozen=True)
class Plan:
    """A study's runs, in groups."""

    runs: tuple[PlannedRun, ...]
    groups: tuple[Group, ...]
    """Empty where nobody knows who shares a pass."""
    rows: dict[str, int]
    """Rows per split; empty when the data could not be read."""
    truncated: dict[str, float]
    """Share (0 to 1) of the texts per split that are longer than ``max_length``."""
    tokens: dict[str, float]
    """Mean tokens of a text per split, after truncation; the most there can be where ``longest``."""
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    precision: str = ""
    """What ``precision: auto`` stands for: bf16 or fp32; empty where nothing was measured."""
    workers: int = 1
    """Groups that train at the same time, each in a process of its own."""
    threads: int = 0
    """Threads of each; 0 leaves them as they are."""
    share: int = 1
    """Processes that divide each group's batches; steps were timed on a part of so many."""
    disk_mib: float | None = None
    """Room for models, answers and checkpoints, the most at any time."""
    search: tuple[str, ...] = ()
    """The search that comes before these runs, in words."""
    near_duplicates: tuple[dict[str, Any], ...] = ()
    """For each two splits with texts that are nearly the same: their names, how many rows, the most similar pairs."""
    augmentation: dict[str, Any] = field(default_factory=dict)
    """How copies of training texts are made: settings, counts, samples. Empty where there are none."""
    longest: bool = False
    """Nobody knows how long the texts are, so each counts as long as it can be."""

    @property
    def seconds(self) -> float | None:
        """Estimated wall time of these runs; None when any group's is unknown."""
        known = [group.seconds for group in self.groups if group.seconds is not None]
        return makespan(known, self.workers) if known and len(known) == len(self.groups) else None

    @property
    def seeds(self) -> int:
        """Of the configuration that has the fewest."""
        counts = Counter(run.config.configuration for run in self.runs)
        return min(counts.values(), default=0)

    @property
    def configurations(self) -> int:
        """How many are compared."""
        return len({run.config.configuration for run in self.runs})

    @property
    def detects(self) -> float | None:
        """The smallest difference of accuracies that is found in 80 of 100 such studies; None where none is compared.

        It depends on how much the runs will differ, which nobody knows yet: ``tunefork.uncertainty.power.ASSUMED``.
        """
        from tunefork.uncertainty.power import detectable

        rows = self.rows.get("test", 0)
        return detectable(rows, self.seeds, self.configurations) if rows > 2 and self.configurations > 1 else None

    def schedule(self, cheapest_first: bool = False) -> list[tuple[int, Group]]:
        """The groups with their numbers, in the order in which they are begun.

        One worker takes them as they stand, so that the prefix cache grows from shallow to deep. Several take the
        longest first, by the steps of their runs. Where time may run out, the cheapest come first: most is known then.
        """
        numbered = list(enumerate(self.groups))
        if cheapest_first:
            return sorted(numbered, key=lambda one: (-one[1].depth, self._cost(one[1])))
        if self.workers == 1:
            return numbered
        return [numbered[number] for number in longest_first([self._cost(group) for group in self.groups])]

    def __str__(self) -> str:
        from tunefork.plan.explain import explain

        return explain(self)

    def _cost(self, group: Group) -> float:
        steps = sum(self.run(run).steps or 0 for run in group.runs)
        return steps * (FEATURES if group.features else 1.0)

    def run(self, run_id: str) -> PlannedRun:
        """One run by its id."""
        return self._by_id[run_id]

    @cached_property
    def _by_id(self) -> dict[str, PlannedRun]:
        return {run.config.id: run for run in self.runs}
