"""Banks: the weights of K runs side by side, so that one product serves them all.

Activations are [K·n, …, features]: the rows of run 0, then those of run 1, and so on. A bank sees them as
[K, rows, features] and multiplies each run's rows by that run's weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tunefork.engine.randomness import RunDropout


class LoRABank(nn.Module):
    """One frozen linear and K adapters: ``y = linear(x) + scale_k · x A_k B_k`` (Hu et al. 2021, equation 3).

    ``A`` is [K, in, R] and ``B`` is [K, R, out], in fp32 (or the master precision), where R is the largest rank of the
    group. Smaller ranks are padded with zeros: their gradients are products with zeros, so the padding stays exactly
    zero. A run of rank 0 has no adapter here.
    """

    def __init__(
        self,
        linear: nn.Module,
        inputs: int,
        outputs: int,
        ranks: Sequence[int],
        scales: Sequence[float],
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.linear, self.ranks, self.inputs = linear, tuple(ranks), inputs
        self.A = nn.Parameter(torch.zeros(len(ranks), inputs, max(ranks), dtype=dtype))
        self.B = nn.Parameter(torch.zeros(len(ranks), max(ranks), outputs, dtype=dtype))
        self.register_buffer("scale", torch.tensor(scales, dtype=dtype).view(-1, 1, 1), persistent=False)
        self.dropout: RunDropout | None = None
        self.scale: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, in] → [K·n, …, out]."""
        y: torch.Tensor = self.linear(x)
        inner = x if self.dropout is None else self.dropout(x)
        rows = inner.reshape(len(self.ranks), -1, self.inputs)
        down = torch.bmm(rows, self.A.to(x.dtype))
        up = (self.B * self.scale).to(x.dtype)
        return torch.baddbmm(y.reshape(len(self.ranks), -1, y.shape[-1]), down, up).view_as(y)


class LinearBank(nn.Module):
    """K trainable linears: weight [K, in, out], bias [K, 1, out]; computed in the precision of its weights."""

    def __init__(self, inputs: int, outputs: int, runs: int, bias: bool, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(runs, inputs, outputs, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(runs, 1, outputs, dtype=dtype)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, in] → [K·n, …, out]."""
        runs, inputs, outputs = self.weight.shape
        with torch.autocast(x.device.type, enabled=False):  # the head is small: full precision costs nothing
            rows = x.reshape(runs, -1, inputs).to(self.weight.dtype)
            y = torch.bmm(rows, self.weight) if self.bias is None else torch.baddbmm(self.bias, rows, self.weight)
        return y.view(*x.shape[:-1], outputs)


class NormBank(nn.Module):
    """K trainable layer norms: weight and bias [K, 1, features]."""

    def __init__(self, features: int, runs: int, bias: bool, epsilon: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(runs, 1, features, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(runs, 1, features, dtype=dtype)) if bias else None
        self.epsilon = epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[K·n, …, features] → the same shape."""
        runs, _, features = self.weight.shape
        with torch.autocast(x.device.type, enabled=False):
            rows = x.reshape(runs, -1, features).to(self.weight.dtype)
            y = nn.functional.layer_norm(rows, (features,), eps=self.epsilon) * self.weight
        return (y if self.bias is None else y + self.bias).view_as(x)
