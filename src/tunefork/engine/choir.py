"""The heads of K runs that answer together: modules of transformers' own, each with as many labels as its run has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from tunefork.engine.members import Members


class Choir(nn.Module):
    """Stands in a head's place: each run's rows go through the run's own head.

    Args:
        heads: of each run.
        members: who takes part.
        dtype: in which heads compute: they are small, and full precision costs nothing.
    """

    def __init__(self, heads: Sequence[nn.Module], members: Members, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads, self._members, self._dtype = nn.ModuleList(heads), members, dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[rows, …, in] → [rows, …, the widest head's out]; narrower ones are filled up with zeros."""
        x, shares = x.to(self._dtype), self._members.shares(len(x))
        found = [cast(torch.Tensor, self.heads[run](x[a:b])) for run, (a, b) in zip(self._members.active, shares)]
        widest = max(each.shape[-1] for each in found)
        return torch.cat([F.pad(each, (0, widest - each.shape[-1])) for each in found])
