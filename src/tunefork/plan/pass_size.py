"""How many runs share a pass: bounded by tokens and memory, and as many as is faster than one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tunefork.plan.groups import Party, Traits
from tunefork.plan.plan import PlannedRun

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
COMPUTE = {"bf16": 2}
"""Bytes of one number, by precision; 4 where it is not here."""


def most_together(party: Party, tokens: float, memory_mib: float | None = None, precision: str = "") -> int:
    """The most runs of a party that can share a pass; at least one.

    Args:
        party: runs that could.
        tokens: of one row, on average.
        memory_mib: of the device, where that is another than this machine's; they share the frozen weights.
        precision: what these are kept in.
    """
    found = min(len(party), LARGEST, int(TOKENS / (tokens * party[0].config.training.batch_size)))
    alone = party[0].memory_mib
    if memory_mib is not None and alone is not None:
        frozen = (party[0].counts.total - party[0].counts.trainable) * COMPUTE.get(precision, 4) / 2**20
        own = max(alone - frozen, 1e-9)
        found = min(found, int((memory_mib - frozen) / own))
    return max(1, found)


def pass_size(
    party: Party, traits: Traits, workers: int, most: int, step: Callable[[Sequence[PlannedRun]], float]
) -> int:
    """How many runs of a party train in one pass.

    Args:
        party: runs that could.
        traits: theirs.
        workers: that train at the same time, each of which is to have a part of it.
        most: runs that fit.
        step: seconds of a step of some of these runs in one pass.
    """
    if len(party) == 1:
        return 1
    if traits.features:
        return HEADS
    size = min(most, -(-len(party) // workers))
    if size < 2:
        return 1
    size = -(-len(party) // -(-len(party) // size))  # groups of equal size are as many and smaller
    together = step(party[:size]) / size
    sample = party[: size : -(-size // SAMPLE)]
    lone = sum(step([run]) for run in sample) / len(sample)
    return size if together < GAIN * lone else 1
