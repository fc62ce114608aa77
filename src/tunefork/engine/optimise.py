"""The optimizer of a group: torch's AdamW over views, one per run: rate, decay and clipping are each run's own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from tunefork.config import RunConfig
from tunefork.engine.group_model import GroupModel
from tunefork.plan.steps import warmup_steps


def rate_factor(step: int, steps: int, warmup: int, schedule: str) -> float:
    """The share of the learning rate that applies to optimizer step ``step`` (counted from 0) of ``steps``.

    Linear from 0 over the warm-up, then constant, linear to 0, or half a cosine to 0, as in transformers.

    >>> [rate_factor(step, 4, 2, "linear") for step in range(4)]
    [0.0, 0.5, 1.0, 0.5]
    """
    if step < warmup:
        return step / max(1, warmup)
    if schedule == "constant":
        return 1.0
    done = (step - warmup) / max(1, steps - warmup)
    return max(0.0, 1.0 - done) if schedule == "linear" else max(0.0, 0.5 * (1.0 + math.cos(math.pi * done)))


class GroupOptimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over the K runs of a group.

    Banks [K, …] are split into K leaf views that share the bank's memory and its gradient's, so one fused update serves
    all runs, each with its own learning rate, weight decay and clipping.
    """

    def __init__(self, group: GroupModel, runs: Sequence[RunConfig], steps: Sequence[int]) -> None:
        self._group = group
        self._banks = [slot.parameter for slot in group.slots if not slot.direct]
        for bank in self._banks:
            bank.grad = torch.zeros_like(bank)
        self._runs, self._steps = tuple(runs), tuple(steps)
        self._views: list[list[nn.Parameter]] = [[] for _ in runs]
        self._direct = [slot.parameter for slot in group.slots if slot.direct]
        groups = []
        for number, run in enumerate(runs):
            parts: dict[bool, list[nn.Parameter]] = {True: [], False: []}
            for slot in group.slots:
                view = slot.parameter if slot.direct else _leaf_view(slot.parameter, number)
                self._views[number].append(view)
                parts[slot.decays].append(view)
            for decays, views in parts.items():
                if views:
                    decay = run.training.weight_decay if decays else 0.0
                    groups.append({"params": views, "weight_decay": decay, "run": number})
        training = runs[0].training
        self._adamw = torch.optim.AdamW(
            groups,
            lr=0.0,
            betas=training.betas,
            eps=training.epsilon,
            fused=group.precision.device.type in ("cpu", "cuda"),
        )

    def rate(self, run: int, step: int) -> float:
        """The learning rate of a run at an optimizer step counted from 0."""
        config = self._runs[run]
        warmup = warmup_steps(self._steps[run], config.training)
        return config.strategy.learning_rate * rate_factor(step, self._steps[run], warmup, config.training.schedule)

    def step(self, step: int) -> list[float]:
        """Clip each run's gradient, update its weights, clear the gradients.

        Returns:
            Each run's gradient norm before clipping.
        """
        norms = [self._clip(run) for run in range(len(self._runs))]
        for group in self._adamw.param_groups:
            group["lr"] = self.rate(group["run"], step)
        self._adamw.step()
        self._group.refresh()
        self.clear()
        return norms

    def clear(self) -> None:
        """Clear all gradients. Banks keep their memory, which the views share."""
        for bank in self._banks:
            assert bank.grad is not None
            bank.grad.zero_()
        for parameter in self._direct:
            parameter.grad = None

    def drop(self, run: int) -> None:
        """Leave a run's weights as they are from now on."""
        self._adamw.param_groups[:] = [group for group in self._adamw.param_groups if group["run"] != run]
        self._views[run] = []

    def _clip(self, run: int) -> float:
        limit = self._runs[run].training.max_grad_norm
        if not self._views[run]:
            return 0.0
        norm = nn.utils.clip_grad_norm_(self._views[run], limit or math.inf, foreach=True)
        return float(norm)


def _leaf_view(bank: nn.Parameter, run: int) -> nn.Parameter:
    view = nn.Parameter(bank.detach()[run])
    assert bank.grad is not None
    view.grad = bank.grad[run]
    return view
