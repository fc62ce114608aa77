"""Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): where memory is short, blocks keep only their inputs.

Backward computes each block once more, which costs a third of the time and gives the very same numbers: every draw of
dropout belongs to a step and a place, or is replayed from torch's own stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from tunefork.config import TrainingConfig
from tunefork.engine.memory import available_bytes
from tunefork.engine.precision import Precision
from tunefork.models import Anatomy

if TYPE_CHECKING:
    from tunefork.engine.group_model import GroupModel

Wish = Literal["auto", "on", "off"]
ROOM = 0.7
"""The share of the free memory that activations may take."""
NUMBERS = 17
"""Numbers of the hidden size that a block keeps for each token (Korthikanti et al. 2022, equation 2, without scores,
which attention computes again where they are many)."""


class Recomputed:
    """A block's forward; while ``on``, what it computes is not kept for backward."""

    def __init__(self, block: nn.Module) -> None:
        self.forward: Any = block.forward
        self.on = False

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """The block's output."""
        if self.on and torch.is_grad_enabled():
            return checkpoint(self.forward, *positional, use_reentrant=False, **named)
        return self.forward(*positional, **named)


class Checkpointing:
    """The blocks of a model, which may compute again in backward.

    The last block never does: what it keeps is little, since only pooled tokens pass through it.

    Args:
        model: whose blocks they are; they get another ``forward``.
        anatomy: says where the blocks are.
        hidden: numbers of a token between blocks.
    """

    def __init__(self, model: nn.Module, anatomy: Anatomy, hidden: int) -> None:
        self._numbers = NUMBERS * hidden
        self._blocks = [model.get_submodule(name) for name in anatomy.blocks[:-1]]
        self._forwards = [Recomputed(block) for block in self._blocks]
        for block, forward in zip(self._blocks, self._forwards):
            block.forward = forward

    def choose(self, wish: Wish, tokens: int, blocks: int, precision: Precision) -> str:
        """Switch it on or off for training; returns what to tell the user, if anything.

        Args:
            wish: ``auto`` looks whether a batch fits into the memory that is free.
            tokens: of the largest batch, all runs together.
            blocks: that training passes through.
            precision: where and in what activations are computed.
        """
        needed = tokens * blocks * self._numbers * precision.compute.itemsize
        free = available_bytes(precision.device)
        on = wish == "on" or (wish == "auto" and needed > ROOM * free)
        for forward in self._forwards:
            forward.on = on
        if not on or wish == "on":
            return ""
        return (
            f"memory was short ({needed / 2**30:.1f} GiB for a batch of {tokens:,} tokens, {free / 2**30:.1f} GiB "
            "free), so activations were computed twice; a smaller batch_size is faster"
        )


def spare_memory(group: GroupModel, lengths: np.ndarray, training: TrainingConfig, share: int = 1) -> str:
    """Compute activations twice where the largest batch would not fit; returns what to tell the user.

    Args:
        group: what trains.
        lengths: [N] tokens of the training rows.
        training: the settings that its runs share.
        share: processes that divide a batch.
    """
    if group.checkpointing is None:
        return ""
    longest = np.sort(lengths)[-training.batch_size :]
    if not group.packs:
        longest = np.full_like(longest, longest.max())
    tokens, blocks = int(longest.sum()) * group.runs // share, len(group.anatomy.blocks) - group.depth
    return group.checkpointing.choose(training.checkpointing, tokens, blocks, group.precision)
