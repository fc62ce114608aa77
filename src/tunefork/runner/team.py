"""The processes that train a group together: the first leads and is the only one that knows a study; others follow.

The leader tells its followers what to train, and then all do the same in lockstep. Between two groups followers wait,
however long that takes.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import distributed

from tunefork.config import RunConfig
from tunefork.engine import ALONE, Devices, Paused, Together
from tunefork.engine.parallel import PATIENCE, reaching, timeout
from tunefork.runner.cluster.parcel import Parcel, pack
from tunefork.runner.protocol import Job

LONG = 365 * 24 * 3600.0
"""Seconds that followers wait for their leader, which may read data, check models or write a report."""
LOOPBACK = {"linux": "lo", "darwin": "lo0"}


@dataclass(frozen=True)
class Seat:
    """One of the processes, as torchrun tells it; see ``torch.distributed``."""

    rank: int
    size: int
    local_rank: int
    local_size: int
    """Processes on this machine."""
    meeting: Path | None = None
    """A file over which processes of one machine find each other; else the variables MASTER_ADDR and MASTER_PORT."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self | None:
        """What the environment says; None where this process is alone."""
        try:
            rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        except (KeyError, ValueError):
            return None
        file = environment.get("TUNEFORK_MEETING")
        if size < 2 or not (file or "MASTER_ADDR" in environment):  # schedulers set the others too
            return None
        local, count = (int(environment.get(name, 0)) for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
        return cls(rank, size, local, count or 1, Path(file) if file else None)

    def written(self) -> dict[str, str]:
        """The environment that says it."""
        found = {"RANK": self.rank, "WORLD_SIZE": self.size}
        found |= {"LOCAL_RANK": self.local_rank, "LOCAL_WORLD_SIZE": self.local_size}
        return {name: str(number) for name, number in found.items()} | {"TUNEFORK_MEETING": str(self.meeting or "")}


@dataclass(frozen=True)
class Brief:
    """What a leader tells its followers of a group."""

    runs: tuple[RunConfig, ...]
    precision: str
    """What ``precision: auto`` stands for."""
    until: int | None
    resumed: tuple[Paused, ...]
    most: int | None
    """Rows of a forward pass, where memory is too short for ``batch_size`` of them."""
    threads: int = 0
    job: Job | Parcel | None = None
    """None where it is the one before."""


class Solo:
    """Nobody to lead."""

    devices: Devices = ALONE

    @contextmanager
    def leading(self, brief: Brief, job: Job) -> Iterator[None]:
        """Train alone."""
        yield


SOLO = Solo()


class Team:
    """This process as one of several.

    Args:
        seat: which.

    Raises:
        LostError: the others did not come.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        here = seat.local_size == seat.size
        if here and sys.platform in LOOPBACK:  # a machine's own name may stand for an address that nobody has
            os.environ.setdefault("GLOO_SOCKET_IFNAME", LOOPBACK[sys.platform])
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if gpus:
            torch.cuda.set_device(seat.local_rank % gpus)
        more: dict[str, Any] = {}
        if seat.meeting is not None:
            more = {"init_method": seat.meeting.as_uri()}
        with reaching(f"process {seat.rank + 1} of {seat.size}"):
            distributed.init_process_group(
                "gloo", rank=seat.rank, world_size=seat.size, timeout=timeout(PATIENCE), **more
            )  # fmt: skip
            data: Any = distributed.group.WORLD
            if gpus >= seat.local_size:
                data = distributed.new_group(backend="nccl", timeout=timeout(PATIENCE))
            self._calls = distributed.new_group(backend="gloo", timeout=timeout(LONG))
            self.devices: Devices = Together(distributed.group.WORLD, data)
        self._here, self._job = here, None

    _job: Job | None

    @contextmanager
    def leading(self, brief: Brief, job: Job) -> Iterator[None]:
        """Have the others train a group in lockstep with what is done inside.

        Raises:
            PartnerError, LostError: see ``Together.lockstep``.
        """
        known = self._job is job
        plain = replace(job, facts={}, own=tuple(each.stand_in() for each in job.own))
        told: Job | Parcel | None = None if known else plain if self._here else pack(plain)
        self._call(replace(brief, job=told, threads=torch.get_num_threads()))
        self._job = job  # not before: packing or sending it may have failed, and it is tried again
        assert isinstance(self.devices, Together)
        with self.devices.lockstep(len(brief.runs)):
            yield

    def next(self) -> Brief | None:
        """What the leader wants next; None where that was all."""
        return self._call(None)

    def dismiss(self) -> None:
        """Send the others home."""
        self._call(None)
        self.leave()

    def leave(self) -> None:
        """Let go of the others; this is of no use any more.

        gloo's threads end with the last reference to their groups. One that lives on until the interpreter is taken
        down may still hold a tensor of the last exchange, and would end the process with "terminate called without an
        active exception".
        """
        distributed.destroy_process_group()
        del self._calls, self.devices
        gc.collect()

    def _call(self, brief: Brief | None) -> Brief | None:
        told = [brief]
        with reaching(f"process {self.seat.rank + 1} of {self.seat.size}"):
            distributed.broadcast_object_list(told, src=0, group=self._calls)
        return told[0]
