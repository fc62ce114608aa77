"""Several processes that train one group in lockstep, each with a part of the rows of every forward pass.

What they exchange are sums: of gradients (the loss is divided by totals over all rows of an optimizer step, so shares
add up to what one process has), of losses, of logits. Whatever is decided by a clock, a signal or another process is
decided by the first one, and told.

Collectives come in meetings. Each begins with a vector of one length, in which a process says first of all whether it
has failed; so one that did can join whatever the others are about to do, and all of them stop at the same place, with
its reason. One that is gone is noticed by its connection, or at the latest when ``PATIENCE`` is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from tunefork.engine.memory import out_of_memory
from tunefork.errors import LostError, PartnerError

PATIENCE = 600.0
"""Seconds that a process waits for the others in the middle of training."""
PIECE = 2**22
"""Numbers of small tensors that are summed at once."""

Told = TypeVar("Told")


class Alone:
    """One process that trains by itself."""

    rank, size = 0, 1

    def meet(self, values: Sequence[float]) -> list[float]:
        """The values themselves."""
        return list(values)

    def sum(self, tensors: Sequence[torch.Tensor]) -> None:
        """Nothing: they are whole."""

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """The flags themselves."""
        return list(flags)

    def share(self, value: Told) -> Told:
        """The value itself."""
        return value

    def agreed(self) -> None:
        """Nobody else has to know."""


ALONE = Alone()


class Together:
    """One of ``size`` processes, the ``rank``-th, which have joined torch's default process group.

    Args:
        control: over which they meet, on CPUs.
        data: over which gradients travel.
    """

    def __init__(self, control: Any, data: Any) -> None:
        self._control, self._data = control, data
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self._width, self._stopped = 1, False

    @contextmanager
    def lockstep(self, runs: int) -> Iterator[None]:
        """Within it all processes do the same, for a group of so many runs; an error of one is an error of all.

        Raises:
            PartnerError: another process failed; MemoryError where it had no memory left.
            LostError: another process is gone.
        """
        self._width, self._stopped = runs + 3, False
        try:
            yield
            self._meet(False, [])
        except LostError:
            raise
        except Exception as error:
            if not self._stopped:
                self._tell(error)
            raise

    def agreed(self) -> None:
        """All processes are about to raise the same, until the end of the lockstep: nobody has to be told."""
        self._stopped = True

    def meet(self, values: Sequence[float]) -> list[float]:
        """The sums of at most ``runs + 2`` values over all processes.

        Raises:
            PartnerError, LostError: see ``lockstep``.
        """
        return self._meet(False, values)

    def sum(self, tensors: Sequence[torch.Tensor]) -> None:
        """Put sums over all processes in the tensors' places. Equal in every process, to the bit."""
        with self._reaching():
            small: list[torch.Tensor] = []
            numbers = 0
            for tensor in tensors:
                if tensor.numel() >= PIECE and tensor.is_contiguous():
                    distributed.all_reduce(tensor, group=self._data)
                    continue
                small.append(tensor)
                numbers += tensor.numel()
                if numbers >= PIECE:
                    self._sum_together(small)
                    small, numbers = [], 0
            if small:
                self._sum_together(small)

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """Which flags are set in any process."""
        found = torch.tensor(flags, dtype=torch.int32)
        with self._reaching():
            distributed.all_reduce(found, distributed.ReduceOp.MAX, group=self._control)
        return [bool(each) for each in found.tolist()]

    def share(self, value: Told) -> Told:
        """The first process's value, in all of them."""
        self._meet(False, [])
        told = [value]
        with self._reaching():
            distributed.broadcast_object_list(told, src=0, group=self._control)
        return told[0]

    def _sum_together(self, tensors: Sequence[torch.Tensor]) -> None:
        if len(tensors) == 1 and tensors[0].is_contiguous():
            distributed.all_reduce(tensors[0], group=self._data)
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat, group=self._data)
        for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors])):
            tensor.copy_(part.view_as(tensor))

    def _meet(self, failed: bool, values: Sequence[float]) -> list[float]:
        told = torch.zeros(self._width, dtype=torch.float64)
        told[: len(values) + 1] = torch.tensor([float(failed), *values], dtype=torch.float64)
        with self._reaching():
            distributed.all_reduce(told, group=self._control)
        if told[0] and not failed:
            self._stopped = True
            raise self._reason(None)
        return told[1 : len(values) + 1].tolist()

    def _tell(self, error: Exception) -> None:
        """Let the others know of an error that is raised here."""
        self._stopped = True
        self._meet(True, [])
        self._reason(error)

    def _reason(self, own: Exception | None) -> Exception:
        """Why the first of those failed that did; None is said by those that did not."""
        found: list[Any] = [None] * self.size
        told = None if own is None else (f"{type(own).__name__}: {own}", out_of_memory(own))
        with self._reaching():
            distributed.all_gather_object(found, told, group=self._control)
        rank, (text, short) = next((rank, each) for rank, each in enumerate(found) if each is not None)
        if short:
            return MemoryError(f"process {rank + 1} of {self.size}: {text}")
        return PartnerError(f"Process {rank + 1} of {self.size} failed", found=text)

    def _reaching(self) -> AbstractContextManager[None]:
        return reaching(f"process {self.rank + 1} of {self.size}")


@contextmanager
def reaching(who: str) -> Iterator[None]:
    """Tell errors of the connection from others.

    Raises:
        LostError: somebody is gone.
    """
    try:
        yield
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        raise LostError(
            "Another process that trains the same group is gone, or does not answer",
            where=who,
            found=(str(error).splitlines() or [""])[0][:200],
            fix="Run the same command again to go on from the last checkpoint; if memory ran out, use a smaller "
            "batch_size, or more processes.",
        ) from error


Devices = Alone | Together


def timeout(seconds: float) -> timedelta:
    """As torch's process groups want it."""
    return timedelta(seconds=seconds)
