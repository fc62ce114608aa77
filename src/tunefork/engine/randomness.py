"""Where randomness comes from: every draw belongs to one run, one step and one place.

Nothing draws from a stream that neighbours in a group share, so a run's numbers are the same alone and in company.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn


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


class Draws:
    """The group's position in its runs' random streams.

    Attributes:
        step: forward passes made so far in training; part of every draw's seed.
        lengths: of each run's own batch, padded as it would be alone. A run in a group is padded to the longest run's
            length, and its draws must not depend on that.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = tuple(seeds)
        self.step = 0
        self.lengths: tuple[int, ...] = ()

    def generator(self, run: int, place: str, device: torch.device) -> torch.Generator:
        """The generator of one run at the present step, for one place."""
        generator = torch.Generator(device=device)
        generator.manual_seed(derive(self.seeds[run], "dropout", self.step, place))
        return generator


class RunDropout(nn.Module):
    """Dropout over K runs, each with its own rate and its own stream.

    Input and output: [K·n, features] or [K·n, length, features], the runs' rows one after another.
    """

    def __init__(self, rates: Sequence[float], draws: Draws, place: str) -> None:
        super().__init__()
        self.rates, self.draws, self.place = tuple(rates), draws, place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero elements with each run's rate and scale up the others."""
        if not self.training or not any(self.rates):
            return x
        rows = x.reshape(len(self.rates), -1, *x.shape[1:])
        kept = torch.ones_like(rows)
        for run, rate in enumerate(self.rates):
            if rate:
                own = kept[run]
                if x.dim() > 2 and x.shape[1] == max(self.draws.lengths):
                    own = own[:, : self.draws.lengths[run]]
                generator = self.draws.generator(run, self.place, x.device)
                mask = torch.empty(own.shape, dtype=x.dtype, device=x.device)
                own.copy_(mask.bernoulli_(1 - rate, generator=generator).div_(1 - rate))
        return (rows * kept).flatten(0, 1)
