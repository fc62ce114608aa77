"""Stages: the model's own blocks, run only as far as anybody needs them.

Each block keeps transformers' code; what changes is what it is given. Blocks of the frozen prefix are skipped when
their output is at hand. In the last block only the pooled tokens ask, so queries, output and MLP are computed for them
alone; keys and values still come from all tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tunefork.engine.packing import Packed
from tunefork.engine.pictures import Pictures
from tunefork.models import Anatomy

Batch = Packed | Pictures


class Stage:
    """One block's forward; the batch decides whether and on what it runs."""

    def __init__(self, block: nn.Module, number: int, norm: nn.Module | None, prunes: bool) -> None:
        self.number, self.norm, self.prunes = number, norm, prunes
        self.forward: Any = block.forward
        self.passing: Batch | None = None
        """The batch whose pooled tokens alone are passing through."""

    def __call__(
        self, hidden: torch.Tensor, *positional: Any, packing: Batch | None = None, **named: Any
    ) -> torch.Tensor:
        """The block's output for a packed batch; of the last block, that of the pooled tokens as [K·n, 1, hidden]."""
        if packing is None:
            alone: torch.Tensor = self.forward(hidden, *positional, **named)
            return alone
        last = self.number == packing.blocks - 1
        if packing.start > self.number:
            return packing.hidden if last and packing.hidden is not None else hidden
        if self.number >= packing.stop:
            packing.caught = hidden if self.number == packing.stop else packing.caught
            return hidden
        if self.number == packing.start and packing.hidden is not None:
            hidden = packing.hidden
        if last and packing.pooling != "all":
            return self._pooled(hidden, positional, packing, named)
        found: torch.Tensor = self.forward(hidden, *positional, packing=packing, **named)
        if last:
            packing.caught = found
        return found

    def _pooled(
        self, hidden: torch.Tensor, positional: tuple[Any, ...], packing: Batch, named: dict[str, Any]
    ) -> torch.Tensor:
        runs, tokens, width = hidden.shape
        if self.prunes:
            packing.full = hidden if self.norm is None else self.norm(hidden)
            packing.whole = {}
            self.passing = packing
            asking = hidden.reshape(-1, width).index_select(0, packing.pooled).view(runs, -1, width)
            found: torch.Tensor = self.forward(asking, *positional, packing=packing, **named)
            pooled = found.reshape(-1, width)
            self.passing = None
        else:
            found = self.forward(hidden, *positional, packing=packing, **named)
            pooled = found.reshape(-1, width).index_select(0, packing.pooled)
        packing.caught = pooled.view(-1, 1, width)
        if packing.pooling == "first":
            return pooled.view(-1, 1, width)
        # Models that pool the last token reshape what they get to the inputs' own shape.
        whole = hidden.new_zeros(runs * tokens, width).index_copy(0, packing.pooled, pooled)
        return whole.view(runs, tokens, width)


class _Whole:
    """The last block's linears of keys and values: they compute all tokens, whatever they are given.

    What their caller gets back has the shape it expects and is read by nobody.
    """

    def __init__(self, linear: nn.Module, roles: tuple[str, ...], stage: Stage) -> None:
        self.forward, self.roles, self.stage = linear.forward, roles, stage

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        packing = self.stage.passing
        if packing is None or packing.full is None or packing.whole is None:
            found: torch.Tensor = self.forward(x)
            return found
        found = self.forward(packing.full)
        if len(self.roles) == 1:
            packing.whole[self.roles[0]] = found
            return x
        query, packing.whole["key"], packing.whole["value"] = found.chunk(3, dim=-1)
        asking = query.reshape(-1, query.shape[-1]).index_select(0, packing.pooled).view(*x.shape[:-1], -1)
        return torch.cat([asking] * 3, dim=-1)


class Embeddings:
    """An image model's embeddings: not computed where a frozen prefix is at hand, which no block would look at."""

    def __init__(self, embeddings: nn.Module) -> None:
        self.forward: Any = embeddings.forward
        self.prefix: torch.Tensor | None = None
        """Given in their place."""

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """[K·n, tokens, hidden]."""
        return self.forward(*positional, **named) if self.prefix is None else self.prefix


def install_embeddings(model: Any, anatomy: Anatomy) -> Embeddings:
    """Make an image model's embeddings skippable."""
    module = model.get_submodule(anatomy.embeddings[0])
    module.forward = found = Embeddings(module)
    return found


def install_stages(model: Any, anatomy: Anatomy) -> None:
    """Put a stage in front of every block of a model whose attention is ours."""
    count = len(anatomy.blocks)
    for number, name in enumerate(anatomy.blocks):
        block = model.get_submodule(name)
        last = number == count - 1
        norm = block.get_submodule(anatomy.norm) if anatomy.norm and last else None
        stage = Stage(block, number, norm, anatomy.prunes and last)
        if stage.prunes:
            for linear in anatomy.linears:
                if linear.block == number and {"key", "value"} & set(linear.roles):
                    module = model.get_submodule(linear.name)
                    module.forward = _Whole(module, linear.roles, stage)
        block.forward = stage
