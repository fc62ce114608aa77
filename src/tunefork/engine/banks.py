"""Banks: the weights of K runs side by side, so that one product serves them all.

Activations are [K·n, …, features]: the rows of run 0, then those of run 1, and so on. A bank sees them as
[K, rows, features] and multiplies each run's rows by that run's weights. Runs that have left the pass
(``Members.active``) have no rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from tunefork.engine.members import Members
from tunefork.engine.randomness import RunDropout
from tunefork.models import weight_in_out


class Segment(NamedTuple):
    """Neighbouring rows of a pass whose runs have adapters of one rank."""

    first: int
    end: int
    rank: int


def segments(ranks: Sequence[int]) -> tuple[Segment, ...]:
    """Runs of equal rank, without those that have no adapter.

    >>> segments([8, 8, 0, 2])
    (Segment(first=0, end=2, rank=8), Segment(first=3, end=4, rank=2))
    """
    found, at = [], 0
    for rank, same in groupby(ranks):
        length = len(list(same))
        if rank:
            found.append(Segment(at, at + length, rank))
        at += length
    return tuple(found)


class _Adapt(torch.autograd.Function):
    """``y = x W + b + x' A_k B_k`` for the rows of every run k, where x' is x or x with dropout.

    One function, so that the products of neighbours with one rank are batched, nothing is computed for runs without an
    adapter, and no intermediate result of the frozen product is kept.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        dropped: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        parts: tuple[Segment, ...],
    ) -> torch.Tensor:
        """x [K, rows, in], weight [in, out], down [K, in, R], up [K, R, out] → [K·rows, out]."""
        flat = F.linear(x.flatten(0, 1), weight.t(), bias)  # what a function returns must be no view
        y = flat.view(*x.shape[:2], -1)
        inner = x if dropped is None else dropped
        middles = []
        for first, end, rank in parts:
            middle = torch.bmm(inner[first:end], down[first:end, :, :rank])
            y[first:end].baddbmm_(middle, up[first:end, :rank])
            middles.append(middle)
        ctx.parts, ctx.dropout, ctx.has_bias = parts, dropped is not None, bias is not None
        ctx.save_for_backward(inner, weight, down, up, *middles)
        return flat

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of x, x', b, A and B; W is frozen."""
        inner, weight, down, up, *middles = ctx.saved_tensors
        grad = grads[0].view(*inner.shape[:2], -1)
        wanted = ctx.needs_input_grad
        grad_x = F.linear(grad, weight) if wanted[0] else None
        grad_dropped = torch.zeros_like(inner) if wanted[1] else None
        target = grad_dropped if ctx.dropout else grad_x
        grad_down, grad_up = torch.zeros_like(down), torch.zeros_like(up)
        for (first, end, rank), middle in zip(ctx.parts, middles):
            own = grad[first:end]
            inward = torch.bmm(own, up[first:end, :rank].transpose(1, 2))
            grad_up[first:end, :rank] = torch.bmm(middle.transpose(1, 2), own)
            grad_down[first:end, :, :rank] = torch.bmm(inner[first:end].transpose(1, 2), inward)
            if target is not None:
                target[first:end].baddbmm_(inward, down[first:end, :, :rank].transpose(1, 2))
        grad_bias = grad.flatten(0, 1).sum(0) if ctx.has_bias and wanted[3] else None
        return grad_x, grad_dropped, None, grad_bias, grad_down, grad_up, None


class LoRABank(nn.Module):
    """One frozen linear and K adapters: ``y = linear(x) + scale_k · x A_k B_k`` (Hu et al. 2021, equation 3).

    ``A`` is [K, in, R] and ``B`` is [K, R, out], in fp32 (or the master precision), where R is the largest rank of the
    group. Smaller ranks are padded with zeros, which nothing reads, so they stay exactly zero. A run of rank 0 has no
    adapter here.
    """

    def __init__(
        self, linear: nn.Module, ranks: Sequence[int], scales: Sequence[float], members: Members, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.linear, self.ranks, self.members = linear, tuple(ranks), members
        self.inputs, self.outputs = weight_in_out(linear).shape
        self.A = nn.Parameter(torch.zeros(len(ranks), self.inputs, max(ranks), dtype=dtype))
        self.B = nn.Parameter(torch.zeros(len(ranks), max(ranks), self.outputs, dtype=dtype))
        self.register_buffer("scale", torch.tensor(scales, dtype=dtype).view(-1, 1, 1), persistent=False)
        self.dropout: RunDropout | None = None
        self.scale: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, in] → [K·n, …, out]."""
        active = self.members.active
        shape = (len(active), -1, self.inputs)
        dropped = None if self.dropout is None or not self.training else self.dropout(x).reshape(shape)
        down: torch.Tensor = self.A
        up: torch.Tensor = self.B
        scale = self.scale
        if not self.members.all:
            chosen = torch.tensor(active, device=down.device)
            down, up, scale = (each.index_select(0, chosen) for each in (down, up, scale))
        y: torch.Tensor = _Adapt.apply(  # type: ignore[no-untyped-call]
            x.reshape(shape),
            dropped,
            weight_in_out(self.linear),
            self.linear.bias,
            down.to(x.dtype),
            (up * scale).to(x.dtype),
            segments([self.ranks[run] for run in active]),
        )
        return y.view(*x.shape[:-1], self.outputs)


class LinearBank(nn.Module):
    """K trainable linears: weight [K, in, out], bias [K, 1, out]; computed in the precision of its weights."""

    def __init__(self, inputs: int, outputs: int, bias: bool, members: Members, dtype: torch.dtype) -> None:
        super().__init__()
        self.members = members
        self.weight = nn.Parameter(torch.zeros(members.runs, inputs, outputs, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(members.runs, 1, outputs, dtype=dtype)) if bias else None

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

    def __init__(self, features: int, bias: bool, epsilon: float, members: Members, dtype: torch.dtype) -> None:
        super().__init__()
        self.members, self.epsilon = members, epsilon
        self.weight = nn.Parameter(torch.ones(members.runs, 1, features, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(members.runs, 1, features, dtype=dtype)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, features] → the same shape."""
        weight, bias = _chosen(self.weight, self.members), _chosen(self.bias, self.members)
        assert weight is not None
        runs, _, features = weight.shape
        with torch.autocast(x.device.type, enabled=False):
            rows = x.reshape(runs, -1, features).to(weight.dtype)
            y = F.layer_norm(rows, (features,), eps=self.epsilon) * weight
        return (y if bias is None else y + bias).view_as(x)


def _chosen(bank: torch.Tensor | None, members: Members) -> torch.Tensor | None:
    """The share of the runs that take part."""
    if bank is None or members.all:
        return bank
    return bank.index_select(0, torch.tensor(members.active, device=bank.device))
