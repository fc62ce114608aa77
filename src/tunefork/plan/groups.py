"""Who shares a pass: runs over the same frozen prefix, with the same batches' shape and number of steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tunefork.config import LoRAStrategy, RunConfig
from tunefork.config.values import canonical_json
from tunefork.plan.plan import Group, PlannedRun

OWN = (
    "weight_decay", "warmup", "schedule", "max_grad_norm", "early_stopping", "best_weights", "shared_learning_rate",
    "class_weights", "label_smoothing",
)  # fmt: skip
"""Settings of ``training`` in which the runs of a group may differ. ``sampling`` is not among them: the runs of a group
that have one seed see the same rows, and are shown the same changed images."""


@dataclass(frozen=True)
class Traits:
    """What decides with whom a configuration can train."""

    alone: str
    """Why it cannot share a pass; empty when it can."""
    depth: int
    """Blocks of the model that it leaves as they are."""
    blocks: int
    """Blocks that the model has."""

    @property
    def features(self) -> bool:
        """Whether only the head trains, so that each row passes through the model once."""
        return self.depth == self.blocks


Party = tuple[PlannedRun, ...]


def parties(runs: Sequence[PlannedRun], traits: Mapping[str, Traits]) -> list[Party]:
    """Runs that could train in one pass, however many; those that cannot are parties of one.

    Within a party, runs with the same seed stand together, since they see the same batches, and among them those with
    the same rank, whose products are batched. Parties with deeper frozen prefixes come later: they go on
    from what shallower ones have left in the cache.
    """
    found: dict[str, list[PlannedRun]] = defaultdict(list)
    shapes: dict[str, str] = {}  # the seeds of a configuration have one
    for run in runs:
        key = run.config.configuration
        own = traits[key]
        if key not in shapes:
            training = run.config.training.model_dump(mode="json")
            shape = {name: value for name, value in training.items() if name not in OWN}
            shapes[key] = canonical_json([own.depth, shape])
        found[f"{run.config.id if own.alone else ''} {shapes[key]}"].append(run)
    ordered = [tuple(sorted(party, key=lambda run: _neighbours(run.config))) for party in found.values()]
    return sorted(ordered, key=lambda party: traits[party[0].config.configuration].depth)


def make_groups(
    runs: Sequence[PlannedRun], traits: Mapping[str, Traits], size: Callable[[Party], int], workers: int = 1
) -> tuple[Group, ...]:
    """The parties in groups of at most ``size(party)`` runs, as even as can be.

    Where several workers train, a party makes as many groups, or a multiple of it, so that nobody is left without.

    >>> make_groups((), {}, len)
    ()
    """
    groups = []
    for party in parties(runs, traits):
        own = traits[party[0].config.configuration]
        count = -(-len(party) // max(1, size(party)))
        if not own.features:
            count = min(len(party), -(-count // workers) * workers)
        base, more = divmod(len(party), count)
        at = 0
        for number in range(count):
            length = base + (number < more)
            ids = tuple(run.config.id for run in party[at : at + length])
            groups.append(Group(ids, own.depth, own.features, own.alone))
            at += length
    return tuple(groups)


def _neighbours(run: RunConfig) -> tuple[object, ...]:
    strategy = run.strategy
    if isinstance(strategy, LoRAStrategy):
        return (run.seed, strategy.rank, strategy.scale, strategy.targets, strategy.layers or ())
    return (run.seed, 0, 0.0, (), ())
