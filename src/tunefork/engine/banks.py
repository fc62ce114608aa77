"""Banks: the weights of K runs side by side, so that one product serves them all.

Activations are [K·n, …, features]: the rows of run 0, then those of run 1, and so on. A bank sees them as
[K, rows, features] and multiplies each run's rows by that run's weights. Runs that have left the pass
(``Members.active``) have no rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from tunefork.engine.arena import Arena
from tunefork.engine.members import Members
from tunefork.engine.randomness import RunDropout
from tunefork.models import weight_in_out


class Segment(NamedTuple):
    """Runs that are neighbours in a pass, with one rank, one scale and equally many rows: one batched product."""

    first: int
    """Their first row."""
    end: int
    run: int
    """The first run, by its place in the group."""
    runs: int
    """How many they are."""
    rank: int
    scale: float
    scattered: tuple[int, ...] = ()
    """Their places in the group, where they are no neighbours there."""

    def own(self, rows: torch.Tensor) -> torch.Tensor:
        """These runs' rows of [rows, features], as [runs, rows of one, features]."""
        return rows[self.first : self.end].view(self.runs, -1, rows.shape[-1])

    def share(self, bank: torch.Tensor) -> torch.Tensor:
        """These runs' part of a bank [K, R, features], as [runs, rank, features]; a view, unless they are scattered."""
        if self.scattered:
            return bank.index_select(0, torch.tensor(self.scattered, device=bank.device))[:, : self.rank]
        return bank[self.run : self.run + self.runs, : self.rank]


def segments(members: Members, rows: int, ranks: Sequence[int], scales: Sequence[float]) -> tuple[Segment, ...]:
    """The runs that take part and have an adapter, in as few segments as can be.

    Runs that answer, and do not train, may be in any order, and need not be neighbours in the group.

    >>> [tuple(each)[:6] for each in segments(Members(4), 8, [8, 8, 0, 2], [2.0, 2.0, 0.0, 1.0])]
    [(0, 4, 0, 2, 8, 2.0), (6, 8, 3, 1, 2, 1.0)]
    >>> segments(Members(4, (2, 0), sequences=(1, 1)), 8, [8, 8, 8, 8], [1.0] * 4)[0].scattered
    (2, 0)
    """
    answering = bool(members.sequences)
    found: list[Segment] = []
    for run, (first, end) in zip(members.active, members.shares(rows)):
        if not ranks[run]:
            continue
        last = found[-1] if found else Segment(0, 0, run, 0, 0, 0.0)
        alike = (last.rank, last.scale, last.end) == (ranks[run], scales[run], first)
        neighbours = last.run + last.runs == run and not last.scattered
        if alike and (neighbours or answering) and last.end - last.first == (end - first) * last.runs:
            before = last.scattered or tuple(range(last.run, last.run + last.runs))
            found[-1] = last._replace(end=end, runs=last.runs + 1, scattered=() if neighbours else (*before, run))
            continue
        found.append(Segment(first, end, run, 1, ranks[run], scales[run]))
    return tuple(found)


class _Adapt(torch.autograd.Function):
    """``y = x W + b + scale_k · x' A_k B_k`` for the rows of every run k, where x' is x or x with dropout.

    One function, so that neighbours share products, nothing is computed for runs without an adapter, and no
    intermediate result of the frozen product is kept. The adapters' gradients are added where the optimizer reads them.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        dropped: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        bank: LoRABank,
        parts: tuple[Segment, ...],
        anchor: torch.Tensor,
    ) -> torch.Tensor:
        """x [rows, in], weight [in, out] → [rows, out]. The anchor brings autograd here when x needs no gradient."""
        y = F.linear(x, weight.t(), bias)
        inner = x if dropped is None else dropped
        middles = []
        for part in parts:
            own, down, up = part.own(inner), part.share(bank.down), part.share(bank.up)
            middle = torch.bmm(own, down.transpose(1, 2))
            part.own(y).baddbmm_(middle, up, alpha=part.scale)
            middles.append(middle)
        ctx.bank, ctx.parts, ctx.dropout, ctx.has_bias = bank, parts, dropped is not None, bias is not None
        ctx.save_for_backward(inner, weight, *middles)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of x, x' and b; W is frozen."""
        inner, weight, *middles = ctx.saved_tensors
        grad, bank, wanted = grads[0], ctx.bank, ctx.needs_input_grad
        grad_x = F.linear(grad, weight) if wanted[0] else None
        grad_dropped = torch.zeros_like(inner) if wanted[1] else None
        target = grad_dropped if ctx.dropout else grad_x
        for part, middle in zip(ctx.parts, middles):
            own, down, up = part.own(grad), part.share(bank.down), part.share(bank.up)
            inward = torch.bmm(own, up.transpose(1, 2))
            part.share(bank.grad_B).add_(torch.bmm(middle.transpose(1, 2), own), alpha=part.scale)
            part.share(bank.grad_A).add_(torch.bmm(inward.transpose(1, 2), part.own(inner)), alpha=part.scale)
            if target is not None:
                part.own(target).baddbmm_(inward, down, alpha=part.scale)
        grad_bias = grad.sum(0) if ctx.has_bias and wanted[3] else None
        return grad_x, grad_dropped, None, grad_bias, None, None, None


class LoRABank(nn.Module):
    """One frozen linear and K adapters: ``y = linear(x) + scale_k · x A_k B_k`` (Hu et al. 2021, equation 3).

    ``A`` is [K, R, in] and ``B`` is [K, R, out], in the arena, where R is the largest rank of the group. Smaller ranks
    are padded with zeros, which nothing reads, so they stay exactly zero. A run of rank 0 has no adapter here.
    """

    def __init__(
        self, linear: nn.Module, ranks: Sequence[int], scales: Sequence[float], members: Members, arena: Arena
    ) -> None:
        super().__init__()
        self.linear, self.ranks, self.scales, self.members, self.arena = (
            linear, tuple(ranks), tuple(scales), members, arena,
        )  # fmt: skip
        self.inputs, self.outputs = weight_in_out(linear).shape
        self.places = tuple(arena.reserve((max(ranks), size), decays=True) for size in (self.inputs, self.outputs))
        self.dropout: RunDropout | None = None

    def settle(self) -> None:
        """Take the places that the arena has given."""
        arena, (a, b) = self.arena, self.places
        self.A, self.B = (arena.view(place, arena.weights) for place in (a, b))
        self.grad_A, self.grad_B = (arena.view(place, arena.gradients) for place in (a, b))
        self.down, self.up = (arena.view(place, arena.copies) for place in (a, b))
        self.anchor = torch.zeros((), requires_grad=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[…, in] → […, out], with the runs' rows one after another."""
        flat = x.reshape(-1, self.inputs)
        dropped = None
        if self.dropout is not None and self.training:
            dropped = self.dropout(x).reshape(-1, self.inputs)
        y: torch.Tensor = _Adapt.apply(  # type: ignore[no-untyped-call] # torch has no types for it
            flat,
            dropped,
            weight_in_out(self.linear),
            self.linear.bias,
            self,
            segments(self.members, len(flat), self.ranks, self.scales),
            self.anchor,
        )
        return y.view(*x.shape[:-1], self.outputs)


class LinearBank(nn.Module):
    """K trainable linears: weight [K, in, out], bias [K, 1, out]; computed in the precision of its weights."""

    def __init__(self, inputs: int, outputs: int, bias: bool, members: Members, arena: Arena) -> None:
        super().__init__()
        self.members, self.arena = members, arena
        self.places = [arena.reserve((inputs, outputs), decays=True)]
        if bias:
            self.places.append(arena.reserve((1, outputs), decays=False))

    def settle(self) -> None:
        """Take the places that the arena has given."""
        self.weight = self.arena.parameter(self.places[0])
        self.bias = self.arena.parameter(self.places[1]) if len(self.places) > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, in] → [K·n, …, out]."""
        weight, bias = _chosen(self.weight, self.members), _chosen(self.bias, self.members)
        assert weight is not None
        with torch.autocast(x.device.type, enabled=False):  # the head is small: full precision costs nothing
            rows = x.reshape(weight.shape[0], -1, weight.shape[1]).to(weight.dtype)
            y = torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias, rows, weight)
        return y.view(*x.shape[:-1], weight.shape[2])


class NormBank(nn.Module):
    """K trainable layer norms: weight and bias [K, 1, features]."""

    def __init__(self, features: int, bias: bool, epsilon: float, members: Members, arena: Arena) -> None:
        super().__init__()
        self.members, self.arena, self.epsilon = members, arena, epsilon
        self.places = tuple(arena.reserve((1, features), decays=False) for _ in range(2 if bias else 1))

    def settle(self) -> None:
        """Take the places that the arena has given."""
        self.weight = self.arena.parameter(self.places[0])
        self.bias = self.arena.parameter(self.places[1]) if len(self.places) > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, features] → the same shape."""
        weight, bias = _chosen(self.weight, self.members), _chosen(self.bias, self.members)
        assert weight is not None
        runs, _, features = weight.shape
        with torch.autocast(x.device.type, enabled=False):
            rows = x.reshape(runs, -1, features).to(weight.dtype)
            y = F.layer_norm(rows, (features,), eps=self.epsilon) * weight
        return (y if bias is None else y + bias).view_as(x)


Bank = LoRABank | LinearBank | NormBank


def _chosen(bank: torch.Tensor | None, members: Members) -> torch.Tensor | None:
    """The share of the runs that take part."""
    if bank is None or members.all:
        return bank
    return bank.index_select(0, torch.tensor(members.active, device=bank.device))
