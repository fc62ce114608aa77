"""The frozen prefix's output, computed once per example and reused over epochs, runs and evaluations."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tunefork.data import EncodedSplit
from tunefork.engine.packing import Packed
from tunefork.engine.pictures import Pictures
from tunefork.engine.shared_states import SharedStates, Table
from tunefork.store.space import NO_ROOM

MEMORY = 2 * 2**30
"""Bytes kept in memory; what comes after goes to a file."""
DISK = 20 * 2**30
"""Bytes kept in files; what comes after is computed anew each time."""
ROWS = 64
"""Rows per forward pass when the cache is filled."""

Batch = Packed | Pictures
Forward = Callable[[Batch], None]
Pack = Callable[[np.ndarray], Batch]
Room = Callable[[tuple[int, int]], torch.Tensor | None]


@dataclass(frozen=True)
class _Entry:
    """One split at one depth. It keeps the split alive, so that its identity stays its own."""

    split: EncodedSplit
    table: Table
    """Behind the last block one vector per row: of the pooled tokens, or the head's input where it reads all tokens."""
    starts: np.ndarray
    """[N] where each row begins."""


class PrefixCache:
    """Hidden states behind the first ``depth`` blocks, by split, depth and precision.

    Behind the last block only the pooled tokens' states are kept, or what a head of all tokens (DINOv2's) gets. The
    frozen weights are the same for all groups of a study, and so is the cache: also for several workers of a machine,
    where there is a place that they share. What has no room there is each worker's own.

    Args:
        folder: where files go that are too large for memory; the system's temporary folder unless given.
        memory: bytes at most in memory.
        disk: bytes at most in files; they vanish with the process.
        share: how many processes on this machine keep such a cache; each takes its part of both.
        shared: what they have together.
    """

    def __init__(
        self,
        folder: Path | None = None,
        memory: int = MEMORY,
        disk: int = DISK,
        share: int = 1,
        shared: SharedStates | None = None,
    ) -> None:
        self._folder, self._memory, self._disk, self._shared = folder, memory // share, disk // share, shared
        self._entries: dict[tuple[int, int, torch.dtype], _Entry | None] = {}

    def prepare(
        self,
        split: EncodedSplit,
        depth: int,
        forward: Forward,
        pack: Pack,
        dtype: torch.dtype,
    ) -> bool:
        """Fill the cache for a split where it is not filled yet.

        Args:
            split: the rows.
            depth: how many blocks lie in the prefix.
            forward: runs a packed batch through the model, which leaves the prefix's output in ``caught``.
            pack: makes a packed batch of row numbers.
            dtype: of the states.

        Returns:
            Whether it is there now; False when it is too large.
        """
        key = (id(split), depth, dtype)
        if key not in self._entries:
            found = self._together(split, depth, forward, pack, dtype)
            own = partial(self._room, dtype=dtype)
            self._entries[key] = found or self._fill(split, depth, forward, pack, dtype, own)
        return self._entries[key] is not None

    def take(self, split: EncodedSplit, depth: int, packed: Batch, dtype: torch.dtype) -> torch.Tensor:
        """What a batch needs at ``depth``: all its tokens as its blocks want them, or [K·n, 1, hidden] behind all."""
        entry = self._entries[(id(split), depth, dtype)]
        assert entry is not None
        index = packed.rows.reshape(-1, 1) if _pooled(packed, depth) else packed.index(entry.starts)
        states = entry.table.states.index_select(0, torch.from_numpy(index.ravel()))
        return states.view(*index.shape, -1).to(packed.device)

    def _together(
        self, split: EncodedSplit, depth: int, forward: Forward, pack: Pack, dtype: torch.dtype
    ) -> _Entry | None:
        """The table that the workers of this machine share, filled where this one is the first to need it."""
        shared = self._shared
        if shared is None or not shared.knows(split):
            return None
        with shared.filling(split, depth, dtype):
            if (table := shared.read(split, depth, dtype)) is None:
                self._adopt(split, depth, dtype)
                room = partial(shared.room, split, depth, dtype)
                if (found := self._fill(split, depth, forward, pack, dtype, room)) is None:
                    return None
                shared.publish(split, depth, dtype, found.table)
                table = found.table
        return _entry(split, table)

    def _adopt(self, split: EncodedSplit, depth: int, dtype: torch.dtype) -> None:
        """What others have computed of fewer blocks is a beginning."""
        assert self._shared is not None
        for below in range(depth - 1, 0, -1):
            key = (id(split), below, dtype)
            if self._entries.get(key) is None and (table := self._shared.read(split, below, dtype)) is not None:
                self._entries[key] = _entry(split, table)
                return

    @torch.no_grad()
    def _fill(
        self, split: EncodedSplit, depth: int, forward: Forward, pack: Pack, dtype: torch.dtype, make_room: Room
    ) -> _Entry | None:
        by_length = np.argsort(-split.lengths, kind="stable")
        found: _Entry | None = None
        for at in range(0, len(by_length), ROWS):
            packed = pack(by_length[at : at + ROWS])
            packed.stop = depth
            self._shortcut(split, packed, depth, dtype)
            forward(packed)
            assert packed.caught is not None
            pooled = _pooled(packed, depth)
            states = packed.caught.flatten(0, 1).to("cpu", dtype)
            if found is None:
                tokens = len(split) if pooled else int(split.lengths.sum())
                room = make_room((tokens, states.shape[-1]))
                if room is None:
                    return None
                found = _entry(split, Table(room, pooled))
            at_rows = 0
            for row in packed.rows[0]:
                length = 1 if pooled else int(split.lengths[row])
                found.table.states[found.starts[row] : found.starts[row] + length] = states[at_rows : at_rows + length]
                at_rows += length
        return found

    def _shortcut(self, split: EncodedSplit, packed: Batch, depth: int, dtype: torch.dtype) -> None:
        """Begin at the deepest shallower state that is at hand."""
        known = [key[1] for key, entry in self._entries.items() if entry and key[0] == id(split) and key[2] == dtype]
        below = [each for each in known if each < depth]
        if below:
            packed.start = max(below)
            packed.hidden = self.take(split, packed.start, packed, dtype)

    def _room(self, shape: tuple[int, int], dtype: torch.dtype) -> torch.Tensor | None:
        """An empty tensor in memory, else in a file; None where both are full, or the disk is."""
        size = shape[0] * shape[1] * dtype.itemsize
        if size <= self._memory:
            self._memory -= size
            return torch.empty(shape, dtype=dtype)
        if size > self._disk:
            return None
        try:
            room = torch.frombuffer(_file(size, self._folder), dtype=dtype).view(shape)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return None
        self._disk -= size
        return room


def _entry(split: EncodedSplit, table: Table) -> _Entry:
    lengths = np.ones_like(split.lengths) if table.pooled else split.lengths
    return _Entry(split, table, np.cumsum(lengths) - lengths)


def _file(size: int, folder: Path | None) -> mmap.mmap:
    """A file without a name, in memory's place: it is gone with the process, however that ends.

    Its blocks are taken at once. Written to later, a full disk would end the process with SIGBUS.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:  # macOS
            file.truncate(size)
        return mmap.mmap(file.fileno(), size)


def _pooled(batch: Batch, depth: int) -> bool:
    """Whether one vector per row is kept: behind the last block nobody reads more."""
    return depth == batch.blocks
