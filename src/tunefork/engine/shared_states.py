"""Tables of hidden states that the workers of one machine share: one of them computes a table, all map its file.

A table is written under a name of its own and then renamed, so under its name it is whole. While one worker fills it,
the others wait for its lock, which the system takes from a worker that dies; the next one begins anew.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from tunefork.data import EncodedSplit
from tunefork.store.machine import alone
from tunefork.store.space import NO_ROOM

HEAD = 4096
"""Bytes in front of the states, which say what they are."""
SPARE = 2 * 2**30
"""Bytes that stay free on the disk, for models and checkpoints."""
DISK = 20 * 2**30
"""Bytes of all tables of a machine."""


@dataclass(frozen=True)
class Table:
    """States that lie in a file."""

    states: torch.Tensor
    """[Σ tokens, hidden], or [N, hidden] where they are pooled."""
    pooled: bool


class SharedStates:
    """What workers of one job share on a machine.

    Args:
        folder: of this machine and of this job alone, so one model has computed all that lies there.
        splits: the job's, by name; other rows are nobody else's.
        threads: that every worker computes with. They, the device and torch decide the last bits.
        disk: bytes at most.
        spare: bytes that stay free on the disk.
    """

    def __init__(
        self,
        folder: Path,
        splits: Mapping[str, EncodedSplit],
        threads: int,
        disk: int = DISK,
        spare: int = SPARE,
    ) -> None:
        self._folder, self._splits, self._disk, self._spare = folder, dict(splits), disk, spare
        self._names = {id(split): name for name, split in self._splits.items()}  # kept alive by the line above
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else torch.backends.cpu.get_cpu_capability()
        self._context = hashlib.sha256(f"{device} {threads} {torch.__version__}".encode()).hexdigest()[:16]

    def knows(self, split: EncodedSplit) -> bool:
        """Whether other workers have the same rows."""
        return id(split) in self._names

    def read(self, split: EncodedSplit, depth: int, dtype: torch.dtype) -> Table | None:
        """A table that is there, mapped; None where it is not."""
        try:
            # To be written to, since torch wants that, and nobody does. A private mapping would count as memory of this
            # process, and a table may be larger than that.
            with self._path(split, depth, dtype).open("r+b") as file:
                content = mmap.mmap(file.fileno(), 0)
        except FileNotFoundError:
            return None
        head = json.loads(content[:HEAD].rstrip(b"\0"))
        return Table(_tensor(content, head["shape"], dtype), head["pooled"])

    @contextmanager
    def filling(self, split: EncodedSplit, depth: int, dtype: torch.dtype) -> Iterator[None]:
        """While one process fills a table; others wait, and then find it."""
        with alone(self._path(split, depth, dtype).with_suffix(".lock")):
            yield

    def room(self, split: EncodedSplit, depth: int, dtype: torch.dtype, shape: tuple[int, int]) -> torch.Tensor | None:
        """An empty table, to be filled and published; None where there is no room for it."""
        path, size = self._part(split, depth, dtype), HEAD + shape[0] * shape[1] * dtype.itemsize
        with alone(self._folder / "room"):
            path.unlink(missing_ok=True)  # of a worker that died over it
            used = sum(each.stat().st_size for each in self._folder.iterdir())
            if used + size > self._disk or shutil.disk_usage(self._folder).free < size + self._spare:
                return None
            try:
                with path.open("x+b") as file:
                    _allocate(file.fileno(), size)
                    content = mmap.mmap(file.fileno(), size)
            except OSError as error:
                path.unlink(missing_ok=True)
                if error.errno not in NO_ROOM:
                    raise
                return None
        return _tensor(content, shape, dtype)

    def publish(self, split: EncodedSplit, depth: int, dtype: torch.dtype, table: Table) -> None:
        """A table from ``room`` is filled: all may read it."""
        part = self._part(split, depth, dtype)
        head = json.dumps({"shape": list(table.states.shape), "pooled": table.pooled}).encode()
        with part.open("r+b") as file:
            file.write(head)
        with alone(self._folder / "room"):  # nobody counts files meanwhile
            part.replace(self._path(split, depth, dtype))

    def _path(self, split: EncodedSplit, depth: int, dtype: torch.dtype) -> Path:
        kind = str(dtype).rpartition(".")[2]
        return self._folder / f"{self._names[id(split)]}-{depth}-{kind}-{self._context}.states"

    def _part(self, split: EncodedSplit, depth: int, dtype: torch.dtype) -> Path:
        return self._path(split, depth, dtype).with_suffix(".part")


def _allocate(handle: int, size: int) -> None:
    """Take a file's blocks at once. Written to later, a full disk would end the process with SIGBUS."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:  # macOS
        os.truncate(handle, size)


def _tensor(content: mmap.mmap, shape: tuple[int, int], dtype: torch.dtype) -> torch.Tensor:
    return torch.frombuffer(content, dtype=dtype, offset=HEAD).view(*shape)
