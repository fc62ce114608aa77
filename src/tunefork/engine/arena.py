"""The arena: what K runs train side by side, each run's weights in one stretch of memory.

A step of the optimizer, clipping, casting and clearing are then a few passes over a few long vectors, however many
adapters there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import nn


@dataclass(frozen=True)
class Place:
    """One bank's stretch of every run's row."""

    start: int
    shape: tuple[int, ...]
    """Of one run's share."""

    @property
    def size(self) -> int:
        """Numbers of one run."""
        return prod(self.shape)


class Arena:
    """Weights, gradients and compute copies of K runs: each is [K, P].

    Args:
        runs: K.
        master: dtype of weights and gradients.
        compute: dtype of the copies that products read.
    """

    def __init__(self, runs: int, master: torch.dtype, compute: torch.dtype) -> None:
        self.runs, self.master, self.compute_dtype = runs, master, compute
        self._shapes: list[tuple[int, ...]] = []
        self._decaying: list[bool] = []
        self._leaves: list[tuple[nn.Parameter, torch.Tensor]] = []
        self.places: list[Place] = []
        self.split = 0
        """Columns before this decay, those behind it do not."""

    def reserve(self, shape: Sequence[int], decays: bool) -> int:
        """Ask for a bank of K tensors of this shape; returns its number."""
        self._shapes.append(tuple(shape))
        self._decaying.append(decays)
        return len(self._shapes) - 1

    def settle(self, device: torch.device) -> None:
        """Give every bank its place: those whose weights decay come first."""
        at = 0
        places: dict[int, Place] = {}
        for wanted in (True, False):
            for number, (shape, decays) in enumerate(zip(self._shapes, self._decaying)):
                if decays == wanted:
                    places[number] = Place(at, shape)
                    at += places[number].size
            self.split = at if wanted else self.split
        self.places = [places[number] for number in range(len(self._shapes))]
        self.weights = torch.zeros(self.runs, at, dtype=self.master, device=device)
        self.gradients = torch.zeros_like(self.weights)
        same = self.compute_dtype == self.master
        self.copies = self.weights if same else torch.zeros_like(self.weights, dtype=self.compute_dtype)

    def view(self, number: int, of: torch.Tensor) -> torch.Tensor:
        """A bank's [K, …] in ``weights``, ``gradients`` or ``copies``: a view."""
        place = self.places[number]
        return of[:, place.start : place.start + place.size].view(self.runs, *place.shape)

    def parameter(self, number: int) -> nn.Parameter:
        """A bank as a leaf of autograd; ``collect`` brings its gradient into the arena."""
        parameter = nn.Parameter(self.view(number, self.weights))
        self._leaves.append((parameter, self.view(number, self.gradients)))
        return parameter

    def collect(self) -> None:
        """Add the leaves' gradients to the arena's."""
        for parameter, gradient in self._leaves:
            if parameter.grad is not None:
                gradient.add_(parameter.grad)
                parameter.grad = None

    def halves(self, run: int) -> list[tuple[bool, torch.Tensor, torch.Tensor]]:
        """One run's decaying and other weights with their gradients, where there are any: flat views."""
        parts = [(True, slice(0, self.split)), (False, slice(self.split, self.weights.shape[1]))]
        return [
            (decays, self.weights[run, part], self.gradients[run, part])
            for decays, part in parts
            if part.stop > part.start
        ]

    def refresh(self) -> None:
        """Bring the copies up to the weights."""
        if self.copies is not self.weights:
            self.copies.copy_(self.weights)
