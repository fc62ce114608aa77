"""Packed batches: each run's sequences one after another, without padding between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from tunefork.data import TokenSplit
from tunefork.engine.buckets import Spans
from tunefork.engine.members import side_by_side
from tunefork.models import Pooling

if TYPE_CHECKING:
    from tunefork.engine.part import Part

ROUND = 32
"""Each run's tokens are filled up to a multiple of this. oneDNN builds a kernel for every new shape, which takes ten
times as long as a small product itself; with few shapes, kernels are found again."""


class Packed:
    """One packed batch of K runs, and its way through the blocks.

    Args:
        split: the encoded rows.
        rows: for each run [n] row numbers; in training all of the same length n. Within a run they are packed longest
            first.
        pooling: which token of a sequence the head reads.
        blocks: how many blocks the model has.
        offset: the position of a sequence's first token (RoBERTa's begin behind the padding id).
        device: where the tensors go.
        round_to: each run's places are a multiple of this; of the whole batch they are one of ``ROUND``.
    """

    def __init__(
        self,
        split: TokenSplit,
        rows: Sequence[np.ndarray],
        pooling: Pooling,
        blocks: int,
        offset: int,
        device: torch.device,
        round_to: int = ROUND,
    ) -> None:
        self.pooling, self.blocks, self.device = pooling, blocks, device
        self.rows = side_by_side([each[np.argsort(-split.lengths[each], kind="stable")] for each in rows])
        """[K, n] row numbers in the order in which they are packed; [Σ n] where runs have differently many."""
        counts = np.array([len(each) for each in rows])
        lengths = split.lengths[self.rows.ravel()]
        firsts = np.cumsum(counts) - counts
        own = np.add.reduceat(lengths, firsts)
        room = -(-(own + 1) // round_to) * round_to  # each run has a place that nobody reads
        room[-1] += -int(room.sum()) % ROUND
        self.totals = tuple(room.tolist())
        """Places of each run: its tokens, then what fills them up."""
        self.width = int(room.sum())
        begins = np.cumsum(room) - room
        before = np.cumsum(lengths) - lengths
        starts = before + np.repeat(begins - before[firsts], counts)
        self.spans = Spans(starts, lengths, np.repeat(np.cumsum(room) - 1, counts), device)
        self.places = np.concatenate([np.arange(first, first + count) for first, count in zip(begins, own)])
        """[Σ tokens] where the sequences' tokens are."""
        self._positions = np.full(self.width, offset, dtype=np.int64)
        self._positions[self.places] += self.places - np.repeat(starts, self.spans.lengths)
        pooled = self.spans.starts if pooling == "first" else self.spans.starts + self.spans.lengths - 1
        self.pooled = torch.from_numpy(pooled).to(device)
        """[K·n] where each sequence's pooled token is."""
        self.labels = torch.from_numpy(split.labels[self.rows]).to(device)
        """As ``rows``."""
        self.part: Part | None = None
        """Where its rows are in a pass that several processes share."""
        self.start = 0
        """The first block that computes; those below it are skipped."""
        self.stop = blocks
        """The first block that is skipped again: its input is left in ``caught``."""
        self.hidden: torch.Tensor | None = None
        """What block ``start`` gets instead of the embeddings: [1, width, hidden], or [K·n, 1, hidden] behind all."""
        self.caught: torch.Tensor | None = None
        self.full: torch.Tensor | None = None
        """All tokens' states before the last block's keys and values, while only the pooled tokens pass through it."""
        self.whole: dict[str, torch.Tensor] | None = None
        """The last block's keys and values of all tokens, while only the pooled tokens ask."""
        self._split = split

    def inputs(self) -> dict[str, torch.Tensor]:
        """The model's inputs, [1, width] each; [K·n, 1] where the blocks are all skipped."""
        if self.start >= self.blocks:
            firsts = np.array([self._split.tokens[row][0] for row in self.rows.ravel()], dtype=np.int64)[:, None]
            return {"input_ids": self._tensor(firsts), "position_ids": self._tensor(np.zeros_like(firsts))}
        rows = self.rows.ravel()
        # Filled up with a real token, not with padding: nobody reads it, and no model warns of it.
        ids = np.full(self.width, self._split.tokens[rows[0]][0], dtype=np.int64)
        ids[self.places] = np.concatenate([self._split.tokens[row] for row in rows])
        found = {"input_ids": ids, "position_ids": self._positions}
        if self._split.types is not None:
            types = np.zeros(self.width, dtype=np.int64)
            types[self.places] = np.concatenate([self._split.types[row] for row in rows])
            found["token_type_ids"] = types
        return {name: self._tensor(array[None]) for name, array in found.items()}

    def index(self, starts: np.ndarray) -> np.ndarray:
        """[1, width] where this batch's tokens are, in a table in which row r begins at ``starts[r]``."""
        index = np.full(self.width, starts[self.rows.ravel()[0]], dtype=np.int64)
        index[self.places] = self.places + np.repeat(starts[self.rows.ravel()] - self.spans.starts, self.spans.lengths)
        return index[None]

    def take_whole(self, heads: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The last block's keys and values of all tokens, [1, heads, width, d]; they are given once."""
        assert self.whole is not None
        key, value = (self.whole[role].reshape(1, -1, heads, size).transpose(1, 2) for role in ("key", "value"))
        self.whole = self.full = None
        return key, value

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)
