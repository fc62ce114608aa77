"""What further training left of an earlier task, by configuration over its seeds, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunefork.report.run_summary import Spread
from tunefork.store import RetentionRecord, RunRecord, Store
from tunefork.store.changes import Head
from tunefork.uncertainty import Difference, Pair, compare, difference_of, holm, mcnemar

Right = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answered:
    """The runs of one configuration, on the rows of an earlier task, under one head."""

    records: tuple[RetentionRecord, ...]
    """One for each seed."""
    right: Right
    """[seeds, rows] whether the answer was right."""
    before: Right
    """[rows] the same for the model that training began with."""

    @property
    def accuracy(self) -> Spread:
        """Over the seeds."""
        return Spread(tuple(float(each) for each in self.right.mean(axis=1)))

    @property
    def kept(self) -> float:
        """The share of the rows answered rightly before that still are, on average over the seeds; 1 where none was."""
        return float(self.right[:, self.before].mean()) if self.before.any() else 1.0

    @cached_property
    def difference(self) -> Difference:
        """Accuracy after minus accuracy before, paired by row.

        Rows are a sample, and so are the seeds where there are several. The model before is one model: its answers
        stand beside every seed's, and vary with none. Seeds are not pooled with those of other configurations, which
        move the backbone by other amounts; a head alone does not move it at all.
        """
        return difference_of(self.right, np.repeat(self.before[None], len(self.right), axis=0))

    @property
    def p_values(self) -> tuple[float, ...]:
        """Of each saved model against the one before: McNemar's test."""
        return tuple(mcnemar(each, self.before) for each in self.right)


@dataclass(frozen=True, eq=False)
class ConfigurationRetention:
    """One configuration, as its models are and under the earlier head."""

    id: str
    name: str
    strategy: str
    earlier: Answered | None
    """Its backbones under the earlier head."""
    own: Answered | None
    """Its models as they are; None where their classes are others."""

    @property
    def shown(self) -> Answered:
        """What is said of it: the models as they are, where they answer the earlier task at all."""
        found = self.own or self.earlier
        assert found is not None
        return found


@dataclass(frozen=True, eq=False)
class TaskRetention:
    """An earlier task, and all configurations that were asked about it."""

    task: str
    before: RetentionRecord
    """The model that training began with."""
    configurations: tuple[ConfigurationRetention, ...]

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of configurations, by their places; corrected by Holm for all of them."""
        return compare([one.shown.right for one in self.configurations])

    @cached_property
    def p_values(self) -> dict[str, float]:
        """Of every saved model against the one before, by run, corrected by Holm for all of them."""
        shown = [one.shown for one in self.configurations]
        runs = [record.run for one in shown for record in one.records]
        return dict(zip(runs, holm([value for one in shown for value in one.p_values])))


def retention_of(store: Store) -> tuple[TaskRetention, ...]:
    """Every earlier task that the study's runs were asked about, in the order of asking.

    Raises:
        StoreError: the store cannot be read.
    """
    records = store.retentions()
    runs = {run.id: run for run in store.runs() if run.status == "done"}
    found = []
    for before in (one for one in records if one.head == "before"):
        mine = [one for one in records if one.task == before.task and one.run in runs]
        right = store.predictions(before.run, before.split).correct
        configurations = tuple(
            ConfigurationRetention(
                key,
                each[0].name,
                each[0].strategy,
                _answered(store, mine, each, "earlier", right),
                _answered(store, mine, each, "own", right),
            )
            for key, each in _by_configuration(runs, mine).items()
        )
        if configurations:
            found.append(TaskRetention(before.task, before, configurations))
    return tuple(found)


def _by_configuration(runs: dict[str, RunRecord], asked: list[RetentionRecord]) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for run in runs.values():
        if any(one.run == run.id for one in asked):
            found.setdefault(run.configuration, []).append(run)
    return found


def _answered(
    store: Store, asked: list[RetentionRecord], runs: list[RunRecord], head: Head, before: Right
) -> Answered | None:
    known = {one.run: one for one in asked if one.head == head}
    records = tuple(known[run.id] for run in runs if run.id in known)
    if not records:
        return None
    right = np.stack([store.predictions(one.run, one.split).correct for one in records])
    return Answered(records, right, before)
