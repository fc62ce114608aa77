"""How many runs train in one pass, and how many passes at a time: as many as measured fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from tunefork.engine import Precision, Rows, available_bytes, choose_precision, compute_threads, has_banks
from tunefork.models import Backbone
from tunefork.plan import (
    PROCESS_MIB,
    Group,
    Party,
    PlannedRun,
    StepTiming,
    Traits,
    estimate_seconds,
    make_groups,
    most_together,
    parties,
    pass_size,
)
from tunefork.plan.simulate import Costs
from tunefork.runner import Places
from tunefork.strategies import Selection, alone_because, frozen_depth
from tunefork.study.choices import Choices
from tunefork.study.timings import Timer, part_of, timed
from tunefork.study.workers import FEWEST_STEPS, KEPT, KINDS, choose_workers

ROOM = 0.7
"""The share of the free memory that workers may plan for."""


@dataclass(frozen=True)
class Arrangement:
    """Who trains with whom, and how many groups at a time."""

    groups: tuple[Group, ...]
    workers: int
    threads: int


class Planner:
    """Puts runs into groups, and groups to workers, timing passes where a choice has to be made.

    Args:
        backbone: what is fine-tuned.
        selections: what each configuration trains.
        rows: the encoded splits.
        chosen: what was chosen when the study began; it is not chosen again.
        measure: estimate the time of every group.
        automatic: what ``precision: auto`` stands for.
        workers: the user's wish, if there is one.
        places: what the runner has room for, where it is not this machine alone.
        timer: times a group; with its own steps on the rows unless given.
        costs: what passes take elsewhere; nothing is timed here then.
    """

    def __init__(
        self,
        backbone: Backbone,
        selections: Mapping[str, Selection],
        rows: Rows,
        chosen: Choices,
        *,
        measure: bool = False,
        automatic: str = "",
        workers: int | None = None,
        places: Places | None = None,
        timer: Timer | None = None,
        costs: Costs | None = None,
    ) -> None:
        self._backbone, self._selections, self._rows, self._measure = backbone, selections, rows, measure
        self._chosen, self._automatic, self._wish, self._places = chosen, automatic, workers, places
        self._timer, self._costs, self._tokens = timer or timed, costs, float(rows.train.lengths.mean())
        self._banks = has_banks(backbone)
        self._cores = torch.get_num_threads()
        self._threads = self._cores

    def traits(self, runs: Sequence[PlannedRun]) -> dict[str, Traits]:
        """What decides with whom each configuration can train."""
        anatomy, found = self._backbone.anatomy, {}
        for run in runs:
            selection = self._selections[run.config.configuration]
            training = run.config.training
            changing = training.backbone_dropout == "as_pretrained" or bool(training.augment)
            depth = 0 if changing or not anatomy.packs else frozen_depth(anatomy, selection)
            alone = alone_because(run.config, selection, anatomy)
            if not alone and not self._banks:
                alone = "has a head that only a lone run can train"
            found[run.config.configuration] = Traits(alone, depth, len(anatomy.blocks))
        return found

    def arrange(self, runs: Sequence[PlannedRun]) -> Arrangement:
        """The runs in groups, and how many of them train at the same time."""
        traits, chosen = self.traits(runs), self._chosen.groups
        workers = self._workers(runs, traits)
        if sorted(run for group in chosen for run in group) == sorted(run.config.id for run in runs):
            groups = _replayed(chosen, {run.config.id: traits[run.config.configuration] for run in runs})
            return Arrangement(groups, workers, self._threads)
        groups = make_groups(
            runs, traits, lambda party: self._size(party, traits[party[0].config.configuration], workers), workers
        )
        if self._measure:
            known = {run.config.id: run for run in runs}
            slower = 1.0 if workers == 1 or self._costs else 1 / KEPT
            groups = tuple(self._measured(group, [known[run] for run in group.runs], slower) for group in groups)
        return Arrangement(groups, workers, self._threads)

    def _workers(self, runs: Sequence[PlannedRun], traits: Mapping[str, Traits]) -> int:
        """How many groups train at the same time; sets the threads that each has."""
        if self._places is not None:
            self._threads = self._places.threads  # not those of the beginning: it may have been another runner's
            return self._wish or self._places.groups
        if self._wish is None and self._chosen.workers:
            self._threads = self._chosen.threads
            return max(1, min(self._chosen.workers, self._cores // max(1, self._threads)))
        workers = self._wish or self._measured_workers(runs, traits)
        self._threads = max(1, self._cores // workers)
        return workers

    def _measured_workers(self, runs: Sequence[PlannedRun], traits: Mapping[str, Traits]) -> int:
        training = [run for run in runs if not traits[run.config.configuration].features]
        work = sum(run.steps or 0 for run in training)
        precision = self._precision(runs[:1])
        if self._cores == 1 or precision.device.type != "cpu" or len(runs) == 1 or work < FEWEST_STEPS:
            return 1
        largest = _largest(parties(training, traits))
        room = available_bytes(precision.device) / 2**20 * ROOM
        needed = PROCESS_MIB + max(self._most(party) * (party[0].memory_mib or 0.0) for party, _ in largest)

        def seconds(workers: int) -> float:
            return sum(work * self._step_of_a_run(party, workers) for party, work in largest) / workers

        return choose_workers(self._cores, min(len(runs), int(room / needed)), seconds)

    def _step_of_a_run(self, party: Party, workers: int) -> float:
        """Seconds of a step of one run, in groups as they would be with so many workers, all at work."""
        size = min(self._most(party), -(-len(party) // workers))
        step = self._timing(party[:size], threads=self._cores // workers).step_seconds / size
        return step if workers == 1 else step / KEPT

    def _most(self, party: Party) -> int:
        """The most runs of a party that can share a pass."""
        memory = self._places.memory_mib if self._places else None
        return most_together(party, self._tokens, memory, self._precision(party).name)

    def _size(self, party: Party, traits: Traits, workers: int) -> int:
        def step(runs: Sequence[PlannedRun]) -> float:
            return self._timing(runs, traits).step_seconds

        return pass_size(party, traits, workers, self._most(party), step)

    def _timing(
        self, runs: Sequence[PlannedRun], traits: Traits | Group | None = None, threads: int | None = None
    ) -> StepTiming:
        if self._costs is not None and traits is not None:
            return self._costs.timing(runs, traits)
        share = 1 if self._places is None else self._places.share
        configs = [part_of(run.config, share) for run in runs]
        selections = [self._selections[config.configuration] for config in configs]
        with compute_threads(threads or self._threads):
            return self._timer(self._backbone, configs, selections, self._rows, self._precision(runs))

    def _precision(self, runs: Sequence[PlannedRun]) -> Precision:
        return choose_precision(runs[0].config.training.precision, automatic=self._automatic)

    def _measured(self, group: Group, runs: Sequence[PlannedRun], slower: float) -> Group:
        """A group with its times."""
        timing = self._timing(runs, group)
        sizes = [len(split) if split is not None else 0 for split in (self._rows.validation, self._rows.test)]
        training = runs[0].config.training
        seconds = estimate_seconds(timing, training, len(self._rows.train), *sizes)
        return replace(group, seconds=slower * seconds, timing=timing)


def _largest(found: Sequence[Party]) -> list[tuple[Party, float]]:
    """The parties with most work, and the steps that their runs take; lone runs of one kind stand for one another."""
    work: dict[str, tuple[Party, float]] = {}
    for party in found:
        alike = f"{party[0].config.strategy.kind} {len(party) == 1}"
        steps = sum(run.steps or 0 for run in party)
        first, before = work.get(alike, (party, 0.0))
        work[alike] = (max(first, party, key=len), before + steps)
    return sorted(work.values(), key=lambda each: -each[1])[:KINDS]


def _replayed(chosen: Sequence[Sequence[str]], traits: Mapping[str, Traits]) -> tuple[Group, ...]:
    return tuple(
        Group(tuple(group), min(traits[run].depth for run in group), traits[group[0]].features, traits[group[0]].alone)
        for group in chosen
    )
