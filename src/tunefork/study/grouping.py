"""How many runs train in one pass: as many as measured faster than one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tunefork.engine import Precision, Rows, choose_precision, has_banks
from tunefork.models import Backbone
from tunefork.plan import Group, Party, PlannedRun, StepTiming, Traits, estimate_seconds, make_groups
from tunefork.strategies import Selection, alone_because, frozen_depth
from tunefork.study.timings import timed

TOKENS = 6144
"""Tokens in one pass beyond which more runs at once were never faster."""
LARGEST = 16
"""Runs of one pass."""
HEADS = 64
"""Heads trained at once on features that are at hand; a step of each is a few small products."""
SAMPLE = 4
"""Lone runs that are timed to know what the runs of a pass would take by themselves."""
GAIN = 0.97
"""A pass is shared where that takes less than this share of the time of lone runs."""


class Planner:
    """Puts runs into groups, timing lone and shared passes where a choice has to be made."""

    def __init__(
        self,
        backbone: Backbone,
        selections: Mapping[str, Selection],
        rows: Rows,
        *,
        measure: bool,
        automatic: str = "",
    ) -> None:
        self._backbone, self._selections, self._rows, self._measure = backbone, selections, rows, measure
        self._automatic = automatic
        self._banks = has_banks(backbone)

    def traits(self, runs: Sequence[PlannedRun]) -> dict[str, Traits]:
        """What decides with whom each configuration can train."""
        anatomy, found = self._backbone.anatomy, {}
        for run in runs:
            selection = self._selections[run.config.configuration]
            whole = run.config.training.backbone_dropout == "as_pretrained" or not anatomy.packs
            depth = 0 if whole else frozen_depth(anatomy, selection)
            alone = alone_because(run.config, selection, anatomy)
            if not alone and not self._banks:
                alone = "has a head that only a lone run can train"
            found[run.config.configuration] = Traits(alone, depth, len(anatomy.blocks))
        return found

    def groups(self, runs: Sequence[PlannedRun], chosen: Sequence[Sequence[str]] = ()) -> tuple[Group, ...]:
        """The runs in groups, with estimates where ``measure`` is set.

        Args:
            runs: all runs of the study.
            chosen: groups of an earlier sitting, which are kept where they hold these very runs.
        """
        traits = self.traits(runs)
        if sorted(run for group in chosen for run in group) == sorted(run.config.id for run in runs):
            return _replayed(chosen, {run.config.id: traits[run.config.configuration] for run in runs})
        groups = make_groups(runs, traits, lambda party: self._size(party, traits[party[0].config.configuration]))
        if not self._measure:
            return groups
        known = {run.config.id: run for run in runs}
        return tuple(
            replace(group, seconds=self._seconds([known[run] for run in group.runs], group)) for group in groups
        )

    def _size(self, party: Party, traits: Traits) -> int:
        if len(party) == 1:
            return 1
        if traits.features:
            return HEADS
        tokens = float(self._rows.train.lengths.mean()) * party[0].config.training.batch_size
        size = min(len(party), LARGEST, int(TOKENS / tokens))
        if size < 2:
            return 1
        size = -(-len(party) // -(-len(party) // size))  # groups of equal size are as many and smaller
        together = self._timing(party[:size]).step_seconds / size
        sample = party[: size : -(-size // SAMPLE)]
        lone = sum(self._timing([run]).step_seconds for run in sample) / len(sample)
        return size if together < GAIN * lone else 1

    def _timing(self, runs: Sequence[PlannedRun]) -> StepTiming:
        configs = [run.config for run in runs]
        selections = [self._selections[config.configuration] for config in configs]
        return timed(self._backbone, configs, selections, self._rows, self._precision(runs))

    def _precision(self, runs: Sequence[PlannedRun]) -> Precision:
        return choose_precision(runs[0].config.training.precision, automatic=self._automatic)

    def _seconds(self, runs: Sequence[PlannedRun], group: Group) -> float:
        sizes = [len(split) if split is not None else 0 for split in (self._rows.validation, self._rows.test)]
        training = runs[0].config.training
        return estimate_seconds(self._timing(runs), training, len(self._rows.train), *sizes)


def _replayed(chosen: Sequence[Sequence[str]], traits: Mapping[str, Traits]) -> tuple[Group, ...]:
    return tuple(
        Group(tuple(group), min(traits[run].depth for run in group), traits[group[0]].features, traits[group[0]].alone)
        for group in chosen
    )
