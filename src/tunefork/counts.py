"""Counts: how many parameters a configuration trains, and why. Plain values that plans, stores and reports share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """What trains, by part; ``adapter + head + backbone = trainable``.

    ``total`` is the whole model with its adapter. ``peft_total`` is what PEFT's ``print_trainable_parameters`` calls
    "all params": PEFT keeps a second copy of every module it saves with an adapter, and counts both.

    >>> Counts(adapter=294_912, head=77_669, backbone=0, total=86_171_237, peft_total=86_248_906).trainable
    372581
    """

    adapter: int
    head: int
    backbone: int
    total: int
    peft_total: int

    @property
    def trainable(self) -> int:
        """All parameters that train."""
        return self.adapter + self.head + self.backbone

    @property
    def peft_percent(self) -> float:
        """Trainable in percent (0 to 100) of the PEFT-style total."""
        return 100 * self.trainable / self.peft_total


@dataclass(frozen=True)
class Formula:
    """Where a part of a count comes from, as one would write it on paper.

    >>> Formula("head", "classifier", "768 × 101 + 101", 77_669).count
    77669
    """

    part: str
    """adapter, head or backbone."""
    what: str
    """Which modules it counts."""
    text: str
    """With the model's sizes filled in; empty where only the model itself can be counted."""
    count: int
    """What the formula gives."""
