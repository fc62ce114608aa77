"""Which configurations fit a budget of trainable parameters. No training, no weights: counts alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunefork.config import FullStrategy, HeadStrategy, LastLayersStrategy, LoRAStrategy, Strategy
from tunefork.counts import Counts
from tunefork.errors import TargetError
from tunefork.models import Anatomy
from tunefork.strategies.counts import count
from tunefork.strategies.full import select_full
from tunefork.strategies.head import select_head
from tunefork.strategies.last_layers import select_last_layers
from tunefork.strategies.lora import select_lora

TARGETS = (
    ("query",),
    ("query", "value"),
    ("query", "key", "value"),
    ("attention",),
    ("mlp",),
    ("query", "value", "mlp"),
    ("all-linear",),
)
"""The choices of targets that people make, smallest first."""
RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Beside the largest rank that fits."""


@dataclass(frozen=True)
class Fitting:
    """A configuration that fits."""

    text: str
    """As ``--run`` takes it."""
    strategy: Strategy
    counts: Counts
    largest: bool
    """Whether it is a LoRA of the largest rank that fits these targets and layers."""


def fitting(anatomy: Anatomy, most: int) -> list[Fitting]:
    """Every configuration with at most ``most`` trainable parameters, the largest first.

    LoRA on the usual targets, in all blocks and in the upper half of them, at the usual ranks and at the largest that
    fits; full fine-tuning, the head, and as many last layers as fit.

    Args:
        anatomy: of the model.
        most: the budget, the head included.
    """
    found = [each for each in _candidates(anatomy, most) if each.counts.trainable <= most]
    unique = {(each.counts.trainable, each.text): each for each in found}
    return sorted(unique.values(), key=lambda each: (-each.counts.trainable, each.text))


def _candidates(anatomy: Anatomy, most: int) -> Iterator[Fitting]:
    blocks = len(anatomy.blocks)
    yield Fitting("full", FullStrategy(), count(select_full(anatomy), anatomy), False)
    yield Fitting("head", HeadStrategy(), count(select_head(anatomy), anatomy), False)
    if not anatomy.shared_blocks:
        for number in range(1, blocks):
            last = LastLayersStrategy(count=number)
            counts = count(select_last_layers(last, anatomy), anatomy)
            yield Fitting(f"last_layers:count={number}", last, counts, False)
    halves = (0,) if anatomy.shared_blocks else dict.fromkeys((0, blocks // 2))
    for targets in TARGETS:
        for first in halves:
            yield from _ranks(targets, first, anatomy, most)


def _ranks(targets: tuple[str, ...], first: int, anatomy: Anatomy, most: int) -> Iterator[Fitting]:
    """LoRA from block ``first`` on. An adapter grows in proportion to its rank, so the largest rank is a quotient."""
    layers = tuple(range(first, len(anatomy.blocks))) if first else None
    where = f",layers={first}-{len(anatomy.blocks) - 1}" if layers else ""

    def lora(rank: int) -> LoRAStrategy:
        return LoRAStrategy(rank=rank, targets=targets, layers=layers)

    try:
        selection = select_lora(lora(1), anatomy)
    except TargetError:  # this architecture has no linears of that role
        return
    one = count(selection, anatomy)
    narrowest = min(min(adapter.inputs, adapter.outputs) for adapter in selection.adapters)
    largest = min((most - one.head) // one.adapter, narrowest)
    for rank in sorted({*(rank for rank in RANKS if rank < largest), largest}):
        if rank > 0:
            text = f"lora:rank={rank},targets={'+'.join(targets)}{where}"
            yield Fitting(text, lora(rank), count(select_lora(lora(rank), anatomy), anatomy), rank == largest)
