"""Where randomness comes from: every draw belongs to one run, one step and one place.

Nothing draws from a stream that neighbours in a group share, so a run's numbers are the same alone and in company.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from tunefork.engine.members import Members

if TYPE_CHECKING:
    from tunefork.engine.part import Part


def derive(seed: int, *place: object) -> int:
    """A 63-bit seed for one place, from a run's seed.

    >>> derive(0, "order", 1) == derive(0, "order", 1) != derive(0, "order", 2)
    True
    """
    text = "/".join(str(part) for part in (seed, *place))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order in which a run with this seed sees the training rows in one epoch: [rows] int64."""
    return np.random.Generator(np.random.PCG64(derive(seed, "order", epoch))).permutation(rows)


def balanced_order(seed: int, epoch: int, labels: np.ndarray) -> np.ndarray:
    """As many rows as there are, of which every class that has any makes up the same share: [rows] int64.

    Each class gives its rows in an order of its own, again and again while its share lasts: rows of a rare class come
    equally often, up to one; of a frequent class some stay out of the epoch. Where classes do not divide the rows, it
    is drawn which of them get one more. Runs of one seed draw the same.

    >>> found = balanced_order(0, 0, np.array([0, 0, 0, 0, 0, 1]))
    >>> sorted(found.tolist())[3:]
    [5, 5, 5]
    """
    random = np.random.Generator(np.random.PCG64(derive(seed, "balanced", epoch)))
    classes = random.permutation(np.unique(labels))
    share, more = divmod(len(labels), len(classes))
    drawn = []
    for number, each in enumerate(classes):
        own, wanted = np.flatnonzero(labels == each), share + (number < more)
        rounds = [random.permutation(own) for _ in range(-(-wanted // len(own)))]
        drawn.append(np.concatenate([*rounds, own[:0]])[:wanted])
    return random.permutation(np.concatenate(drawn))


def keep_mask(
    shape: Sequence[int],
    rate: float,
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Zeros with probability ``rate``, elsewhere 1 / (1 - rate).

    A CPU draws random numbers with one thread, so each 64-bit draw serves four elements of 16 bits: the rate is exact
    to 1/65,536, and the scale is that of the rate that is meant by those bits.
    """
    count = math.prod(shape)
    words = torch.empty(-(-count // 4), dtype=torch.int64, device=device)
    words.random_(-(2**63), None, generator=generator)  # plain random_() never sets the sign bit
    dropped = round(rate * 65536)
    mask = (words.view(torch.int16)[:count] >= dropped - 32768).to(dtype)
    return mask.mul_(65536 / (65536 - dropped)).view(*shape)


class Draws:
    """The group's position in its runs' random streams.

    Attributes:
        step: forward passes made so far in training; part of every draw's seed.
        lengths: in a padded batch, of each taking-part run's own rows, padded as they would be alone. A run in a group
            is padded to the longest run's length, and its draws must not depend on that.
    """

    def __init__(self, seeds: Sequence[int], members: Members) -> None:
        self.seeds, self.members = tuple(seeds), members
        self.step = 0
        self.lengths: tuple[int, ...] = ()
        self.part: Part | None = None
        """Where this process's rows are in the pass, where others compute the rest."""

    def generator(self, run: int, place: str, device: torch.device) -> torch.Generator:
        """The generator of one run at the present step, for one place."""
        generator = torch.Generator(device=device)
        generator.manual_seed(derive(self.seeds[run], "dropout", self.step, place))
        return generator


class RunDropout(nn.Module):
    """Dropout over K runs, each with its own rate and its own stream.

    Input and output: […, features], the runs' rows one after another.
    """

    def __init__(self, rates: Sequence[float], draws: Draws, place: str) -> None:
        super().__init__()
        self.rates, self.draws, self.place = tuple(rates), draws, place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero elements with each run's rate and scale up the others."""
        members = self.draws.members
        active = members.active
        if not self.training or not any(self.rates[run] for run in active):
            return x
        kept = torch.ones_like(x, memory_format=torch.contiguous_format)
        for number, (run, own) in enumerate(zip(active, self._shares(kept))):
            if rate := self.rates[run]:
                if not members.tokens and x.dim() > 2 and x.shape[1] == max(self.draws.lengths):
                    own = own[:, : self.draws.lengths[number]]
                own.copy_(self._mask(own, run, number, rate, packed=kept.numel() == members.width * kept.shape[-1]))
        return x * kept

    def _mask(self, own: torch.Tensor, run: int, number: int, rate: float, packed: bool) -> torch.Tensor:
        """Of the shape of ``own``, the ``number``-th share of an activation; drawn for the whole pass."""
        generator = self.draws.generator(run, self.place, own.device)
        part = self.draws.part
        if part is None:
            return keep_mask(own.shape, rate, own.dtype, own.device, generator)
        shape, rows = part.whole(own.shape, number, packed)
        padded = not self.draws.members.tokens and own.dim() > 2 and own.shape[1] == part.lengths[number]
        if padded:
            shape = (shape[0], part.totals[number], *shape[2:])
        mask = keep_mask(shape, rate, own.dtype, own.device, generator)
        if rows is not None:
            mask = mask.index_select(0, torch.from_numpy(rows).to(mask.device))
        return mask[:, : own.shape[1]] if padded else mask

    def _shares(self, kept: torch.Tensor) -> list[torch.Tensor]:
        """Each run's part of an activation: a view."""
        members = self.draws.members
        if not members.tokens:
            return list(kept.view(len(members.active), -1, *kept.shape[1:]).unbind())
        flat = kept.view(-1, kept.shape[-1])
        return [flat[first:end] for first, end in members.shares(len(flat))]


class StreamDropout(nn.Module):
    """Dropout from torch's own stream, as ``nn.Dropout``, at a quarter of the draws."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.p = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero elements with the rate and scale up the others."""
        return x * keep_mask(x.shape, self.p, x.dtype, x.device) if self.training and self.p else x
