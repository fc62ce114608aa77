"""How training changed the matrices of a study's runs, by configuration over its seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tunefork.report.run_summary import Spread
from tunefork.store import ChangeRecord, RunRecord, Store

Measure = Literal["intruders", "relative_norm", "effective_rank", "stable_rank"]
MEASURES: tuple[Measure, ...] = ("intruders", "relative_norm", "effective_rank", "stable_rank")


@dataclass(frozen=True)
class RunChanges:
    """One run's matrices."""

    run: RunRecord
    records: tuple[ChangeRecord, ...]

    def value(self, measure: Measure) -> float:
        """Intruders are counted over the matrices, everything else is their mean."""
        return _value(self.records, measure)

    @property
    def blocks(self) -> dict[int, tuple[ChangeRecord, ...]]:
        """The matrices of each block that trained, by its number."""
        numbers = sorted({record.block for record in self.records})
        return {number: tuple(each for each in self.records if each.block == number) for number in numbers}


@dataclass(frozen=True)
class ConfigurationChanges:
    """One configuration over its seeds."""

    id: str
    name: str
    strategy: str
    runs: tuple[RunChanges, ...]

    @property
    def matrices(self) -> int:
        """How many matrices trained."""
        return max(len(run.records) for run in self.runs)

    def spread(self, measure: Measure) -> Spread:
        """A measure over the seeds."""
        return Spread(tuple(run.value(measure) for run in self.runs))

    def in_block(self, number: int, measure: Measure) -> Spread | None:
        """A measure of one block over the seeds; None where nothing in it trained."""
        found = [_value(run.blocks[number], measure) for run in self.runs if number in run.blocks]
        return Spread(tuple(found)) if found else None

    @property
    def blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks that trained."""
        return tuple(sorted({number for run in self.runs for number in run.blocks}))


@dataclass(frozen=True)
class Changes:
    """All configurations of a study whose runs were measured."""

    configurations: tuple[ConfigurationChanges, ...]
    top_k: int
    threshold: float
    untouched: tuple[str, ...]
    """Names of finished configurations that train no matrix of the backbone."""

    @property
    def settings(self) -> str:
        """How intruders were counted, as it stands behind their number."""
        return f"top {self.top_k}, ε {self.threshold:g}"


def changes_of(store: Store) -> Changes | None:
    """What was measured of a study's runs, in its order; None where nobody measured.

    Raises:
        StoreError: the store cannot be read.
    """
    runs = [run for run in store.runs() if run.status == "done"]
    measured = {run.id: tuple(store.changes(run.id)) for run in runs}
    by_configuration: dict[str, list[RunChanges]] = {}
    for run in runs:
        if measured[run.id]:
            by_configuration.setdefault(run.configuration, []).append(RunChanges(run, measured[run.id]))
    if not by_configuration:
        return None
    found = tuple(
        ConfigurationChanges(key, each[0].run.name, each[0].run.strategy, tuple(each))
        for key, each in by_configuration.items()
    )
    untouched = dict.fromkeys(run.name for run in runs if run.strategy == "head")
    first = found[0].runs[0].records[0]
    return Changes(found, first.top_k, first.threshold, tuple(untouched))


def _value(records: Sequence[ChangeRecord], measure: Measure) -> float:
    if measure == "intruders":
        return sum(record.intruders for record in records)
    name = "relative" if measure == "relative_norm" else measure
    return math.fsum(getattr(record, name) for record in records) / len(records)
