"""Buckets: the sequences of a packed batch by length, and the index tensors that take tokens there and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

KEYS = 32
"""Keys are padded to a multiple of this within a bucket."""
QUERIES = 16
"""Queries are padded to a multiple of this: they are the rows of the scores, and torch's softmax minds the columns."""
COUNT = 8
"""So are the sequences of a bucket, where it has as many."""
SCORES = 2**20
"""Scores (heads × queries × keys) of one piece of a bucket: two megabytes in bf16."""


@dataclass(frozen=True)
class Bucket:
    """Sequences that attend together, padded to ``queries`` queries and ``length`` keys."""

    sequences: np.ndarray
    """[S] their numbers in the batch, run 0's first."""
    lengths: np.ndarray
    """[S] their tokens."""
    rows: np.ndarray
    """[S or more, length] where their tokens are in the batch; padding points at a place of the run that is unused.
    There may be more rows than sequences, all padding: with few shapes, few kernels are built."""

    queries: int

    @property
    def length(self) -> int:
        """Keys per sequence, with padding."""
        return int(self.rows.shape[1])

    @cached_property
    def padded(self) -> bool:
        """Whether there is any padding."""
        return len(self.rows) > len(self.sequences) or bool((self.lengths < self.length).any())


class Spans:
    """Where the sequences of a packed batch are, and what attention needs to know of it.

    Args:
        starts: [sequences] their first places, ascending.
        lengths: [sequences] their tokens.
        spare: [sequences] for each a place of its run that belongs to no sequence: what pads it. Neighbours must not
            meet there, or a run that diverges would spoil the others. The last is the batch's last place.
        device: where attention computes.
        width: places of the batch, where the last is not the last of ``spare``.
        exact: queries are not padded, since no place is spare.
    """

    def __init__(
        self,
        starts: np.ndarray,
        lengths: np.ndarray,
        spare: np.ndarray,
        device: torch.device,
        width: int = 0,
        exact: bool = False,
    ) -> None:
        self.device, self.starts, self.lengths, self.spare = device, starts, lengths, spare
        self.width, self._queries = width or int(spare[-1]) + 1, 1 if exact else QUERIES
        self._layouts: dict[tuple[int, bool], Layout] = {}

    def layout(self, heads: int, pooled: bool) -> Layout:
        """Buckets for a number of heads; ``pooled`` has one query per sequence."""
        key = (heads, pooled)
        if key not in self._layouts:
            self._layouts[key] = Layout(self, heads, pooled)
        return self._layouts[key]

    def buckets(self, heads: int) -> list[Bucket]:
        """The sequences by padded length, in pieces."""
        padded = -(-self.lengths // self._queries) * self._queries
        found = []
        for queries in np.unique(padded).tolist():
            members = np.flatnonzero(padded == queries)
            length = -(-queries // KEYS) * KEYS
            piece = max(1, SCORES // (heads * queries * length))
            piece = piece // COUNT * COUNT or piece
            for at in range(0, len(members), piece):
                part = members[at : at + piece]
                places = np.arange(length)
                inside = places < self.lengths[part, None]
                rows = np.full((_rounded(len(part), piece), length), self.width - 1)
                rows[: len(part)] = np.where(inside, self.starts[part, None] + places, self.spare[part, None])
                found.append(Bucket(part, self.lengths[part], rows, queries))
        return found


def _rounded(count: int, piece: int) -> int:
    """Rows for a number of sequences, in a bucket of at most ``piece``."""
    return min(piece, -(-count // COUNT) * COUNT)


class Layout:
    """Index tensors that take queries, keys and values from [rows·heads, d] into buckets and back."""

    def __init__(self, spans: Spans, heads: int, pooled: bool) -> None:
        self.heads, self.pooled, self.device = heads, pooled, spans.device
        self.biases: dict[tuple[Any, ...], torch.Tensor | None] = {}
        """What attention adds to the scores of each bucket, once it has built it."""
        self.buckets = spans.buckets(heads)
        self.keys = [self._index(bucket.rows) for bucket in self.buckets]
        self.key_slots = sum(bucket.rows.size for bucket in self.buckets) * heads
        self.key_back = self._back(spans.width, [bucket.length for bucket in self.buckets])
        self.asking = [1 if pooled else bucket.queries for bucket in self.buckets]
        """Queries per sequence, by bucket."""
        rows = [_asking(bucket) if pooled else bucket.rows[:, : bucket.queries] for bucket in self.buckets]
        self.queries = [self._index(each) for each in rows]
        self.query_slots = sum(each.size for each in rows) * heads
        self.query_back = self._back_pooled(len(spans.lengths)) if pooled else self._back(spans.width, self.asking)

    def scores(self) -> int:
        """How many attention probabilities there are."""
        pairs = zip(self.buckets, self.asking)
        return sum(len(bucket.rows) * self.heads * bucket.length * queries for bucket, queries in pairs)

    def _index(self, rows: np.ndarray) -> torch.Tensor:
        """[S, L] rows → [S·heads·L] places in a [rows·heads, d] tensor."""
        places = rows[:, None, :] * self.heads + np.arange(self.heads)[None, :, None]
        return torch.from_numpy(places.ravel()).to(self.device)

    def _back(self, rows: int, lengths: list[int]) -> torch.Tensor:
        """[rows·heads] places in the buckets' slots; rows that belong to no sequence read the zero row behind them."""
        slots = sum(len(bucket.rows) * length for bucket, length in zip(self.buckets, lengths)) * self.heads
        first, stride = np.full(rows, slots, dtype=np.int64), np.zeros(rows, dtype=np.int64)
        at = 0
        for bucket, length in zip(self.buckets, lengths):
            places = at + np.arange(len(bucket.sequences))[:, None] * self.heads * length + np.arange(length)
            inside = np.arange(length) < bucket.lengths[:, None]
            real = bucket.rows[: len(bucket.sequences), :length][inside]
            first[real], stride[real] = places[inside], length
            at += len(bucket.rows) * self.heads * length
        return self._places(first, stride)

    def _back_pooled(self, sequences: int) -> torch.Tensor:
        """[sequences·heads] places in the buckets' slots, one for each sequence."""
        first, at = np.zeros(sequences, dtype=np.int64), 0
        for bucket in self.buckets:
            first[bucket.sequences] = at + np.arange(len(bucket.sequences)) * self.heads
            at += len(bucket.rows) * self.heads
        return self._places(first, np.ones(sequences, dtype=np.int64))

    def _places(self, first: np.ndarray, stride: np.ndarray) -> torch.Tensor:
        places = first[:, None] + np.arange(self.heads) * stride[:, None]
        return torch.from_numpy(places.ravel()).to(self.device)


def _asking(bucket: Bucket) -> np.ndarray:
    """[rows, 1] the pooled queries of a bucket by sequence; padding asks for a sequence that is there, unread."""
    asking = np.full((len(bucket.rows), 1), bucket.sequences[0])
    asking[: len(bucket.sequences), 0] = bucket.sequences
    return asking
