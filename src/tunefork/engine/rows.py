"""AdamW over the rows of an embedding that have been seen, exactly as if over all.

Most of a vocabulary never occurs in a small data set, and AdamW treats an unseen row simply: its gradient and moments
are zero, so it only decays. Seen rows are kept in a compact table that grows; the others' decay is a single factor,
which is applied when somebody reads them. In a small model the word embeddings are half of all parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.adamw import adamw

from tunefork.engine.slots import Slot

FIRST_ROWS = 1024
"""Rows that the compact table has room for at first; it doubles when it is full."""


class SeenRows:
    """Optimizer of one embedding on a CPU; its gradient is sparse.

    Args:
        module: the embedding; what it is about to read is brought up to date first.
        slot: its weight, [V, hidden], with its master.
        betas: of AdamW.
        epsilon: of AdamW.
        weight_decay: of AdamW.
    """

    def __init__(
        self, module: nn.Module, slot: Slot, betas: tuple[float, float], epsilon: float, weight_decay: float
    ) -> None:
        module.register_forward_pre_hook(self._before)
        self.name = slot.name
        self.master: torch.Tensor = slot.parameter.detach()
        self.target = slot.compute if slot.compute is not None else slot.parameter
        self._betas, self._epsilon, self._decay = betas, epsilon, weight_decay
        self._steps, self._pending, self._behind = 0, 1.0, False
        self._place = torch.full((len(self.master),), -1, dtype=torch.int64)
        """[V] each row's place in the compact table; -1 for rows that nobody has seen."""
        self._seen = torch.empty(0, dtype=torch.int64)
        self._tables = [self.master.new_zeros(FIRST_ROWS, self.master.shape[1]) for _ in range(4)]
        """Weights, both moments and gradients of the seen rows, and room for more."""
        self._fresh = (torch.empty(0, dtype=torch.int64), self.master.new_empty(0))

    def collect(self) -> torch.Tensor:
        """Take the gradient that backward has left; returns its values [rows, hidden]."""
        grad = self.target.grad
        self.target.grad = None
        if grad is None:
            self._fresh = (self._seen[:0], self.master.new_zeros(0, self.master.shape[1]))
        else:
            grad = grad.coalesce()
            self._fresh = (grad.indices()[0], grad.values().to(self.master.dtype))
        return self._fresh[1]

    def spread(self) -> torch.Tensor:
        """What ``collect`` took as [rows seen so far, hidden], for processes of which each has read some of the rows.

        It is summed over them where it stands, and is what ``step`` then takes.
        """
        rows, values = self._fresh
        whole = self.master.new_zeros(len(self._seen), self.master.shape[1])
        self._fresh = (self._seen, whole.index_copy_(0, self._place[rows], values))
        return whole

    @torch.no_grad()
    def meet(self, ids: torch.Tensor) -> None:
        """Rows that any process is about to read: all of them get their places in the same order."""
        rows = torch.unique(ids)
        self._meet(rows[self._place[rows] < 0])

    def step(self, rate: float, scale: torch.Tensor) -> None:
        """One update with the gradient that was collected, times ``scale``."""
        rows, values = self._fresh
        count = len(self._seen)
        weights, first, second, gradient = (table[:count] for table in self._tables)
        gradient.zero_().index_copy_(0, self._place[rows], values * scale)
        self._steps += 1
        adamw(
            [weights], [gradient], [first], [second], [], [torch.tensor(float(self._steps - 1))], fused=True,
            amsgrad=False, beta1=self._betas[0], beta2=self._betas[1], lr=rate, weight_decay=self._decay,
            eps=self._epsilon, maximize=False,
        )  # fmt: skip
        self._pending *= 1 - rate * self._decay
        self._behind = True
        self.target.detach().index_copy_(0, self._seen, weights.to(self.target.dtype))

    def settle(self) -> None:
        """Bring the whole embedding up to date, for whoever reads it; nothing to do until the next step."""
        if not self._behind:
            return
        self._behind = False
        if self._pending != 1.0:
            self.master.mul_(self._pending)  # the seen rows are overwritten below
            self._pending = 1.0
        self.master.index_copy_(0, self._seen, self._tables[0][: len(self._seen)])
        if self.target.data_ptr() != self.master.data_ptr():
            self.target.detach().copy_(self.master)

    def reload(self) -> None:
        """Take the weights anew from the embedding, which somebody has written."""
        self._tables[0][: len(self._seen)] = self.master[self._seen]

    def state(self) -> dict[str, torch.Tensor]:
        """Which rows were seen [n], their weights and both moments [n, hidden], and the decay that all others have
        missed since they were last written [1]: copies, for ``recall``.

        Nothing is brought up to date for it: decay that is applied in two parts rounds twice, and a training that was
        kept in the middle would have other bits than one that was not.
        """
        count = len(self._seen)
        weights, first, second = (table[:count].clone() for table in self._tables[:3])
        pending = torch.tensor([self._pending], dtype=torch.float64)
        return {"seen": self._seen.clone(), "rows": weights, "exp_avg": first, "exp_avg_sq": second, "pending": pending}

    def recall(self, state: Mapping[str, torch.Tensor], steps: int) -> None:
        """Go on from a state, behind the embedding's weights that were put back."""
        self._place.fill_(-1)
        self._seen, self._steps, self._pending, self._behind = state["seen"][:0], steps, 1.0, False
        seen = state["seen"]
        self._meet(seen)
        self._tables[1][: len(seen)], self._tables[2][: len(seen)] = state["exp_avg"], state["exp_avg_sq"]
        if "rows" in state:
            self._tables[0][: len(seen)] = state["rows"]
            self.target.detach().index_copy_(0, seen, state["rows"].to(self.target.dtype))
            self._pending, self._behind = float(state["pending"]), True

    def _before(self, _module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        """The embedding is about to read rows: those that training sees for the first time get a place."""
        if torch.is_grad_enabled():
            self.meet(arguments[0])

    def _meet(self, rows: torch.Tensor) -> None:
        """Give rows a place, with the decay that they have missed."""
        if not len(rows):
            return
        known = len(self._seen)
        count = known + len(rows)
        while count > len(self._tables[0]):
            self._tables = [torch.cat([table, torch.zeros_like(table)]) for table in self._tables]
        self._tables[0][known:count] = self.master[rows] * self._pending
        self.target.detach().index_copy_(0, rows, self._tables[0][known:count].to(self.target.dtype))
        self._place[rows] = torch.arange(known, count)
        self._seen = torch.cat([self._seen, rows])


def sparse_embedding(model: Any, name: str) -> nn.Embedding | None:
    """The word embeddings, if this is their weight; other tables are small, and some are read in other ways."""
    module = model.get_submodule(name.rpartition(".")[0])
    words = type(module) is nn.Embedding and module is model.get_input_embeddings()
    return module if words and module.max_norm is None else None
