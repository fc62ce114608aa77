"""Batches: which rows a run sees at which step, and padded tensors of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tunefork.config import TrainingConfig
from tunefork.data import TokenSplit
from tunefork.engine.members import side_by_side
from tunefork.engine.randomness import balanced_order, order
from tunefork.plan.steps import steps_per_epoch

if TYPE_CHECKING:
    from tunefork.engine.part import Part

PAD_TO = 8
"""Lengths are rounded up to a multiple of this: every new shape costs a kernel build."""


@dataclass(frozen=True)
class Chunk:
    """The rows of one optimizer step of one run, as micro-batches."""

    step: int
    """Counted from 1."""
    epoch: float
    """Epochs finished when this step is done."""
    micro: tuple[np.ndarray, ...]

    @property
    def rows(self) -> int:
        """Rows in all micro-batches."""
        return sum(len(part) for part in self.micro)


def chunks(
    seed: int,
    rows: int,
    training: TrainingConfig,
    steps: int,
    labels: np.ndarray | None = None,
    most: int | None = None,
) -> Iterator[Chunk]:
    """The optimizer steps of a run: each epoch is one permutation of the rows, its last chunk may be smaller.

    With ``sampling: balanced`` an epoch has as many rows, drawn by their ``labels`` [rows]. Where memory is short a
    forward pass takes ``most`` rows instead of ``batch_size``; an optimizer step has the same rows.
    """
    size = min(training.batch_size, most or training.batch_size)
    per_step = training.batch_size * training.accumulation
    per_epoch = steps_per_epoch(rows, training)
    for step in range(1, steps + 1):
        epoch, place = divmod(step - 1, per_epoch)
        if place == 0:
            permutation = _epoch(seed, epoch, rows, training, labels)
        chosen = permutation[place * per_step : (place + 1) * per_step]
        micro = tuple(chosen[at : at + size] for at in range(0, len(chosen), size))
        yield Chunk(step, epoch + (place + 1) / per_epoch, micro)


def _epoch(seed: int, epoch: int, rows: int, training: TrainingConfig, labels: np.ndarray | None) -> np.ndarray:
    if training.sampling == "shuffled":
        return order(seed, epoch, rows)
    assert labels is not None, "balanced sampling goes by the labels"
    return balanced_order(seed, epoch, labels)


def collate(
    split: TokenSplit, rows: Sequence[np.ndarray], pad_id: int, device: torch.device
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Padded tensors of the runs' rows.

    Args:
        split: the encoded rows.
        rows: for each of the K runs, [n] row numbers; in training all of the same length n.
        pad_id: fills the places behind a text.
        device: where the tensors go.

    Returns:
        The model's inputs (``input_ids``, ``attention_mask`` and, where the tokenizer makes them, ``token_type_ids``),
        each [K·n, length], and the labels as ``side_by_side`` lays rows out.
    """
    numbers = np.concatenate(rows)
    tokens = [split.tokens[number] for number in numbers]
    length = padded_length(split, numbers)
    ids = np.full((len(tokens), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(tokens), length), dtype=np.int64)
    for row, each in enumerate(tokens):
        ids[row, : len(each)] = each
        mask[row, : len(each)] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    if split.types is not None:
        types = np.zeros((len(tokens), length), dtype=np.int64)
        for row, number in enumerate(numbers):
            types[row, : len(split.types[number])] = split.types[number]
        batch["token_type_ids"] = types
    labels = torch.from_numpy(split.labels[side_by_side(rows)])
    return to_device({name: torch.from_numpy(array) for name, array in batch.items()}, device), labels.to(device)


class Padded:
    """A padded batch of K runs, for architectures that cannot be packed: the rows of run 0, then those of run 1."""

    def __init__(self, split: TokenSplit, rows: Sequence[np.ndarray], pad_id: int, device: torch.device) -> None:
        self.rows = side_by_side(rows)
        """[K, n] row numbers; [Σ n] where runs have differently many."""
        self._inputs, self.labels = collate(split, rows, pad_id, device)
        self.totals = tuple(padded_length(split, each) for each in rows)
        """Tokens of a row of each run, padded as it would be alone."""
        self.part: Part | None = None
        """Where its rows are in a pass that several processes share."""
        self.width = max(self.totals)

    def inputs(self) -> dict[str, torch.Tensor]:
        """The model's inputs, [K·n, length] each."""
        return self._inputs


def padded_length(split: TokenSplit, rows: np.ndarray) -> int:
    """The length to which these rows are padded when they share a batch."""
    return -(-int(split.lengths[rows].max()) // PAD_TO) * PAD_TO


def to_device(batch: Mapping[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """The batch on a device."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
