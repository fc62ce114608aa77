"""GroupModel: K runs over one backbone, as one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from tunefork.engine.precision import Precision
from tunefork.engine.randomness import Draws, derive
from tunefork.engine.slots import Slot


class GroupModel:
    """K runs over one backbone.

    Args:
        model: the module that computes logits.
        slots: every trainable tensor.
        draws: the runs' random streams.
        precision: where and in what it computes.
        quiet: modules whose dropout stays off in training: the frozen backbone's.
    """

    def __init__(
        self, model: Any, slots: Sequence[Slot], draws: Draws, precision: Precision, quiet: Sequence[nn.Module]
    ) -> None:
        self.model, self.slots, self.draws, self.precision = model, tuple(slots), draws, precision
        self.runs = len(draws.seeds)
        self._quiet = tuple(quiet)
        self._direct = any(slot.direct for slot in slots)

    def logits(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """[K, n, classes] in the master precision, from a batch of K·n rows (run 0's first)."""
        if self._direct:
            with self.precision.autocast():
                logits = self.model(**batch).logits
        else:
            logits = self.model(**batch).logits
        found: torch.Tensor = logits.to(self.precision.master)
        return found.view(self.runs, -1, found.shape[-1])

    @torch.no_grad()
    def evaluate_logits(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """[K, n, classes] in fp32 on the CPU, without dropout and gradients."""
        self.train(False)
        return self.logits(batch).float().cpu()

    def train(self, mode: bool = True) -> None:
        """Switch dropout on (but in quiet modules) or off."""
        self.model.train(mode)
        for module in self._quiet:
            module.training = False

    def at_step(self, step: int, lengths: Sequence[int]) -> None:
        """Move the random streams to a forward pass of training, whose runs have batches of these lengths."""
        self.draws.step, self.draws.lengths = step, tuple(lengths)
        if self.runs == 1:  # a lone run's backbone may draw from torch's own stream
            torch.manual_seed(derive(self.draws.seeds[0], "backbone", step))

    def snapshot(self, run: int) -> dict[str, torch.Tensor]:
        """A copy of the run's weights, as ``restore`` takes them."""
        return {slot.name: slot.of(run).clone() for slot in self.slots}

    def restore(self, run: int, weights: Mapping[str, torch.Tensor]) -> None:
        """Put a snapshot back."""
        for slot in self.slots:
            slot.of(run).copy_(weights[slot.name])

    def tensors(self, run: int) -> dict[str, torch.Tensor]:
        """The run's trained weights on the CPU, named and laid out as transformers and PEFT do: copies."""
        found = {slot.name: slot.canonical(run) for slot in self.slots}
        return {name: tensor.cpu().contiguous().clone() for name, tensor in found.items() if tensor is not None}

    def load(self, run: int, tensors: Mapping[str, torch.Tensor]) -> None:
        """Set the run's weights from tensors laid out as transformers and PEFT do; names it lacks stay as they are."""
        for slot in self.slots:
            share = slot.canonical(run)
            if share is not None and slot.name in tensors:
                share.copy_(tensors[slot.name])
