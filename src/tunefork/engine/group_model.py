"""GroupModel: K runs over one backbone, as one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from tunefork.data import EncodedSplit, ImageSplit, TokenSplit
from tunefork.engine.arena import Arena
from tunefork.engine.augment import Augment
from tunefork.engine.batches import Padded
from tunefork.engine.checkpointing import Checkpointing
from tunefork.engine.packing import ROUND, Packed
from tunefork.engine.part import dealt, part_of
from tunefork.engine.pictures import Pictures
from tunefork.engine.precision import Precision
from tunefork.engine.prefix_cache import PrefixCache
from tunefork.engine.randomness import Draws, derive
from tunefork.engine.rows import SeenRows
from tunefork.engine.slots import Slot
from tunefork.engine.stages import Embeddings
from tunefork.models import Anatomy

Batch = Packed | Padded | Pictures
ANSWER_ROUND = 8
"""Of each run's tokens while answering: many runs with a sentence each would mostly compute what fills them up."""


class GroupModel:
    """K runs over one backbone.

    Args:
        model: the module that computes logits.
        anatomy: what is known of it.
        slots: every trainable tensor.
        arena: holds what is not direct of them.
        draws: the runs' random streams.
        precision: where and in what it computes.
        quiet: modules whose dropout stays off in training: the frozen backbone's.
        packs: whether batches are packed; else they are padded.
        depth: how many blocks at the bottom are frozen and free of dropout in all runs.
        cache: keeps what those blocks give.
        checkpointing: its blocks, which may compute again in backward.
        embeddings: an image model's, which are skipped where the prefix is cached.
        augment: changes training images at random.
    """

    def __init__(
        self,
        model: Any,
        anatomy: Anatomy,
        slots: Sequence[Slot],
        arena: Arena,
        draws: Draws,
        precision: Precision,
        quiet: Sequence[nn.Module],
        *,
        packs: bool = False,
        depth: int = 0,
        cache: PrefixCache | None = None,
        checkpointing: Checkpointing | None = None,
        embeddings: Embeddings | None = None,
        augment: Augment | None = None,
    ) -> None:
        self.model, self.anatomy, self.slots, self.arena = model, anatomy, tuple(slots), arena
        self.draws, self.precision = draws, precision
        self.runs, self.members, self.packs, self.depth = len(draws.seeds), draws.members, packs, depth
        self.checkpointing, self._embeddings, self._augment = checkpointing, embeddings, augment
        self.rank, self.ranks = 0, 1
        """Which of how many processes this is that share each forward pass of training."""
        self.seen_rows: list[SeenRows] = []
        """The optimizers of embeddings with sparse gradients."""
        self._quiet, self._cache = tuple(quiet), cache if packs and depth else None
        # PEFT's own methods train fp32 tensors among frozen bf16 ones: autocast brings them together
        self._mixed = any(slot.direct and slot.compute is None for slot in slots)

    def batch(self, split: EncodedSplit, rows: Sequence[np.ndarray], pad_id: int) -> Batch:
        """The rows [n] of every run that takes part, as the model wants them."""
        batch = self._plain(split, rows, pad_id)
        if self._cache is not None and not isinstance(batch, Padded) and self._prepare(split):
            batch.start = self.depth
            batch.hidden = self._cache.take(split, self.depth, batch, self.precision.compute)
        return batch

    def training_batch(self, split: EncodedSplit, rows: Sequence[np.ndarray], pad_id: int, step: int) -> Batch | None:
        """The same for a forward pass of training, the ``step``-th: images may change at random, and are not cached.

        Where several processes share the pass, its part of the rows; None where it has none.
        """
        if self.ranks > 1:
            return self._own_part(split, rows, pad_id, step)
        return self._whole(split, rows, pad_id, step) if self._augment else self.batch(split, rows, pad_id)

    def _whole(self, split: EncodedSplit, rows: Sequence[np.ndarray], pad_id: int, step: int) -> Batch:
        """A whole forward pass, from the beginning."""
        batch = self._plain(split, rows, pad_id)
        if self._augment is not None:
            assert isinstance(batch, Pictures), "texts are not augmented"
            batch.augment(self._augment, [self.draws.seeds[run] for run in self.members.active], step)
        return batch

    def _own_part(self, split: EncodedSplit, rows: Sequence[np.ndarray], pad_id: int, step: int) -> Batch | None:
        whole = self._whole(split, rows, pad_id, step)
        for seen in self.seen_rows:
            ids = whole.inputs()["input_ids"]
            assert isinstance(ids, torch.Tensor)
            seen.meet(ids)
        own = dealt(whole, self.rank, self.ranks)
        if not len(own[0]):
            return None
        batch = self.batch(split, own, pad_id) if self._augment is None else self._plain(split, own, pad_id)
        batch.part = part_of(whole, batch, self.rank, self.ranks)
        if isinstance(batch, Pictures) and isinstance(whole, Pictures):
            batch.take_changes(whole, batch.part.rows)
        return batch

    def logits(self, batch: Batch) -> torch.Tensor:
        """[K, n, classes] in the master precision, of the runs that take part."""
        found = self._computed(batch)
        return found.view(len(self.members.active), -1, found.shape[-1])

    @torch.no_grad()
    def evaluate_logits(self, batch: Batch) -> torch.Tensor:
        """[K, n, classes] in fp32 on the CPU, without dropout and gradients."""
        self.train(False)
        self.settle()
        return self.logits(batch).float().cpu()

    @staticmethod
    def places(tokens: int) -> int:
        """Places of a run with so many tokens in a pass of ``answer``. Those with as many cost less side by side."""
        return -(-(tokens + 1) // ANSWER_ROUND) * ANSWER_ROUND

    @torch.no_grad()
    def answer(self, split: EncodedSplit, counts: Sequence[int], pad_id: int) -> np.ndarray:
        """Logits for rows of which each run that takes part has its own, and not equally many; runs in any order.

        Args:
            split: the first run's rows, then the second's, and so on.
            counts: how many each of them has.
            pad_id: fills up rows that are not packed.

        Returns:
            [N, classes] in fp32, in the split's order, without dropout.
        """
        ends = np.cumsum(counts)
        rows = [np.arange(end - count, end) for end, count in zip(ends, counts)]
        self.train(False)
        batch = self._plain(split, rows, pad_id, ANSWER_ROUND)
        self.members.sequences = tuple(counts)
        try:
            computed = self._computed(batch).float().cpu().numpy()
        finally:
            self.members.sequences = ()
        found = np.empty_like(computed)
        found[batch.rows.ravel()] = computed
        return found

    def train(self, mode: bool = True) -> None:
        """Switch dropout on (but in quiet modules) or off."""
        self.model.train(mode)
        for module in self._quiet:
            module.training = False

    def at_step(self, step: int, batch: Batch) -> None:
        """Move the random streams to a forward pass of training."""
        self.draws.step, self.draws.lengths, self.draws.part = step, batch.totals, batch.part
        if self.runs == 1:  # a lone run's backbone may draw from torch's own stream
            torch.manual_seed(derive(self.draws.seeds[0], "backbone", step))

    def collect(self) -> None:
        """Add up the gradients where the optimizer reads them; call it after each backward."""
        self.arena.collect()
        dense = [slot for slot in self.slots if not slot.sparse]
        copies = [slot for slot in dense if slot.compute is not None and slot.compute.grad is not None]
        for slot in copies:
            assert slot.compute is not None
            assert slot.compute.grad is not None
            if slot.parameter.grad is None:
                slot.parameter.grad = slot.compute.grad.to(slot.parameter.dtype)
            else:
                slot.parameter.grad.add_(slot.compute.grad)
            slot.compute.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring compute copies up to their masters; call it after each change of weights."""
        self.arena.refresh()
        pairs = [(slot.compute, slot.parameter) for slot in self.slots if slot.compute is not None and not slot.sparse]
        if pairs:
            torch._foreach_copy_([compute for compute, _ in pairs], [master for _, master in pairs])

    @torch.no_grad()
    def settle(self) -> None:
        """Bring embeddings up to date of which the optimizer has written only the rows that were seen."""
        for rows in self.seen_rows:
            rows.settle()

    def snapshot(self, run: int) -> dict[str, torch.Tensor]:
        """A copy of the run's weights, as ``restore`` takes them."""
        self.settle()
        return {slot.name: slot.of(run).clone() for slot in self.slots}

    def restore(self, run: int, weights: Mapping[str, torch.Tensor]) -> None:
        """Put a snapshot back."""
        for slot in self.slots:
            slot.of(run).copy_(weights[slot.name])
        self._written()

    def tensors(self, run: int) -> dict[str, torch.Tensor]:
        """The run's trained weights on the CPU, named and laid out as transformers and PEFT do: copies."""
        self.settle()
        found = {slot.name: slot.canonical(run) for slot in self.slots}
        return {name: tensor.cpu().contiguous().clone() for name, tensor in found.items() if tensor is not None}

    def load(self, run: int, tensors: Mapping[str, torch.Tensor]) -> None:
        """Set the run's weights from tensors laid out as transformers and PEFT do; names it lacks stay as they are."""
        for slot in self.slots:
            share = slot.canonical(run)
            if share is not None and slot.name in tensors:
                share.copy_(tensors[slot.name])
        self._written()

    @torch.no_grad()
    def _written(self) -> None:
        """Bring everything up to masters that were written from outside."""
        self.refresh()
        for slot in self.slots:
            if slot.sparse and slot.compute is not None:
                slot.compute.copy_(slot.parameter)
        for rows in self.seen_rows:
            rows.reload()

    def _computed(self, batch: Batch) -> torch.Tensor:
        """[all rows, classes] in the master precision."""
        with self.precision.autocast(self._mixed):
            logits = self._forward(batch)
        found: torch.Tensor = logits.to(self.precision.master)
        return found

    def _plain(self, split: EncodedSplit, rows: Sequence[np.ndarray], pad_id: int, round_to: int = ROUND) -> Batch:
        """A batch that begins at the beginning."""
        anatomy, device = self.anatomy, self.precision.device
        blocks = len(anatomy.blocks)
        if isinstance(split, ImageSplit):
            return Pictures(split, rows, anatomy.pooling, blocks, device, self.packs, self.precision.compute)
        assert isinstance(split, TokenSplit)
        if not self.packs:
            return Padded(split, rows, pad_id, device)
        return Packed(split, rows, anatomy.pooling, blocks, anatomy.first_position, device, round_to)

    def _forward(self, batch: Batch) -> torch.Tensor:
        found: torch.Tensor
        self.members.tokens, self.members.width = (batch.totals, batch.width) if self.packs else ((), 0)
        if isinstance(batch, Pictures) and batch.reads_head and batch.hidden is not None:
            found = self.model.get_submodule(self.anatomy.head[0])(batch.hidden.flatten(0, 1))
            return found
        if isinstance(batch, Padded) or batch.pooling in ("first", "all"):
            if self._embeddings is not None and isinstance(batch, Pictures):
                self._embeddings.prefix = batch.hidden
            named = {"packing": batch} if self.packs else {}
            found = self.model(**batch.inputs(), **named).logits
            return found
        # The classifiers of decoders look for the last token in padded rows; here it is known where it is.
        base = self.model.get_submodule(self.model.base_model_prefix)
        states = base(**batch.inputs(), packing=batch).last_hidden_state
        states = states.reshape(-1, states.shape[-1])
        pooled = states if batch.start >= batch.blocks else states.index_select(0, batch.pooled)
        found = self.model.get_submodule(self.anatomy.head[0])(pooled)
        return found

    def _prepare(self, split: EncodedSplit) -> bool:
        """Fill the cache for a split, in eval mode, with one run's worth of rows."""
        assert self._cache is not None

        head = self.model.get_submodule(self.anatomy.head[0])

        def forward(packed: Packed | Pictures) -> None:
            def catch(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
                packed.caught = given[0][:, None]

            reads_all = packed.pooling == "all" and packed.stop == packed.blocks
            with head.register_forward_pre_hook(catch) if reads_all else nullcontext():
                self._forward(packed)

        def pack(rows: np.ndarray) -> Packed | Pictures:
            batch = self._plain(split, [rows], 0)
            assert not isinstance(batch, Padded)
            return batch

        active, training = self.members.active, self.model.training
        self.members.active = active[:1]
        self.train(False)
        try:
            return self._cache.prepare(split, self.depth, forward, pack, self.precision.compute)
        finally:
            self.members.active = active
            self.train(training)
