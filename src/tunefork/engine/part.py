"""A process's part of a forward pass that several share: which rows, and what of the pass's random draws is theirs.

Every process knows the whole pass: which rows it has, how long they are, how they would lie in one batch. So each draws
for all of it, from the same streams in the same shapes as one process would, and keeps what belongs to its own rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from tunefork.config import LoRAStrategy, PeftStrategy, RunConfig
from tunefork.engine.packing import Packed
from tunefork.errors import UnsupportedModelError

if TYPE_CHECKING:
    from tunefork.engine.group_model import Batch, GroupModel


@dataclass(frozen=True)
class Part:
    """Where the rows of a batch are in the whole pass; both lie run after run."""

    rows: np.ndarray
    """[n] places of each run's own rows among the rows of that run in the whole pass; the same for all runs."""
    count: int
    """Rows of one run in the whole pass."""
    totals: tuple[int, ...]
    """Of each run in the whole pass, as ``Draws.lengths``."""
    lengths: tuple[int, ...]
    """The same of this batch."""
    places: tuple[np.ndarray, ...] = ()
    """Of packed texts: for each run, which of its places in the whole pass each place of this batch is."""

    def whole(self, shape: torch.Size, number: int, packed: bool) -> tuple[tuple[int, ...], np.ndarray | None]:
        """The shape in which the whole pass has an activation, and which of its rows are this batch's.

        Args:
            shape: [rows, features] in a packed batch, [n, …] in a padded one, which has ``count`` rows there.
            number: of the run among those that take part.
            packed: whether rows are tokens of packed texts.
        """
        if packed and self.places:
            return (self.totals[number], *shape[1:]), self.places[number]
        each, more = divmod(shape[0], len(self.rows))
        if more or not each:  # no rows of these texts: what all processes compute alike
            return tuple(shape), None
        places = (self.rows[:, None] * each + np.arange(each)).ravel()
        return (self.count * each, *shape[1:]), places


def check_divisible(group: GroupModel, runs: Sequence[RunConfig]) -> None:
    """Refuse what several processes would draw in another way than one.

    Raises:
        UnsupportedModelError: dropout that is drawn from torch's own stream, or for something else than rows.
    """
    for run in runs:
        reason = fix = ""
        if run.training.backbone_dropout == "as_pretrained":
            reason, fix = "keeps the backbone's own dropout", "Set training.backbone_dropout: off"
        elif isinstance(run.strategy, PeftStrategy) and _drops(group):
            reason, fix = "is a PEFT method with dropout", "Leave its dropout out"
        elif group.anatomy.shared_positions and isinstance(run.strategy, LoRAStrategy) and run.strategy.dropout:
            reason, fix = f"drops inputs of {group.anatomy.family}'s linears, which also see positions", "Set dropout=0"
        if reason:
            raise UnsupportedModelError(
                f"The run {run.strategy.label()} {reason}: several processes would draw it in another way than one",
                where=f"{group.ranks} processes", fix=f"{fix}, or train it in one process.",
            )  # fmt: skip


def _drops(group: GroupModel) -> bool:
    """Whether a module draws in training from torch's own stream."""
    group.train()
    dropouts = (module for module in group.model.modules() if isinstance(module, nn.modules.dropout._DropoutNd))
    return any(module.training and module.p > 0 for module in dropouts)


def dealt(whole: Batch, rank: int, size: int) -> list[np.ndarray]:
    """The rows of each run that one of ``size`` processes computes: every ``size``-th, since texts lie by length.

    There may be none.
    """
    return [own[rank::size] for own in whole.rows]


def part_of(whole: Batch, own: Batch, rank: int, size: int) -> Part:
    """How a batch of ``dealt`` rows lies in the whole pass."""
    count = whole.rows.shape[1]
    rows = np.arange(rank, count, size)
    places = tuple(_places(whole, own, rows)) if isinstance(whole, Packed) and isinstance(own, Packed) else ()
    return Part(rows, count, whole.totals, own.totals, places)


def _places(whole: Packed, own: Packed, rows: np.ndarray) -> list[np.ndarray]:
    found = []
    for number, (begin, own_begin) in enumerate(zip(_begins(whole.totals), _begins(own.totals))):
        # whatever fills this batch up stands for the last place of the whole, which nobody reads either
        places = np.full(own.totals[number], whole.totals[number] - 1)
        starts = whole.spans.starts.reshape(len(whole.totals), -1)[number][rows] - begin
        own_starts = own.spans.starts.reshape(len(own.totals), -1)[number] - own_begin
        lengths = own.spans.lengths.reshape(len(own.totals), -1)[number]
        for start, own_start, length in zip(starts, own_starts, lengths):
            places[own_start : own_start + length] = np.arange(start, start + length)
        found.append(places)
    return found


def _begins(totals: Sequence[int]) -> list[int]:
    return [sum(totals[:number]) for number in range(len(totals))]
