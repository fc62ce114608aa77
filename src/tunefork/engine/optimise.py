"""The optimizer of a group: torch's AdamW over views, one per run: rate, decay and clipping are each run's own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from tunefork.config import RunConfig
from tunefork.engine.group_model import GroupModel
from tunefork.engine.parallel import ALONE, Devices
from tunefork.engine.rows import SeenRows
from tunefork.engine.slots import Slot
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

    Each run's weights in the arena are two flat views, with and without decay, so one fused update serves all runs,
    each with its own learning rate, weight decay and clipping.
    """

    def __init__(
        self, group: GroupModel, runs: Sequence[RunConfig], steps: Sequence[int], devices: Devices = ALONE
    ) -> None:
        self._devices = devices
        self._group, self._runs, self._steps = group, tuple(runs), tuple(steps)
        self._direct = [slot.parameter for slot in group.slots if slot.direct and not slot.sparse]
        training = runs[0].training
        sparse = [slot for slot in group.slots if slot.sparse]  # only a lone run has any
        group.seen_rows = [
            SeenRows(_owner(group, slot), slot, training.betas, training.epsilon, training.weight_decay)
            for slot in sparse
        ]
        self._dropped: set[int] = set()
        groups = []
        for number, run in enumerate(runs):
            own = group.arena.halves(number)
            halves: list[tuple[bool, list[torch.Tensor]]] = [(decays, [_leaf(*views)]) for decays, *views in own]
            for wanted in (True, False):
                direct = [
                    slot.parameter for slot in group.slots if slot.direct and not slot.sparse and slot.decays == wanted
                ]
                halves += [(wanted, direct)] if direct else []
            for decays, views in halves:
                decay = run.training.weight_decay if decays else 0.0
                groups.append({"params": views, "weight_decay": decay, "run": number})
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

    @torch.no_grad()
    def step(self, step: int) -> None:
        """Clip each run's gradient, update its weights, clear the gradients."""
        sparse = [rows.collect() for rows in self._group.seen_rows]
        scale = self._clip(self._summed() if self._devices.size > 1 else sparse)
        for group in self._adamw.param_groups:
            group["lr"] = self.rate(group["run"], step)
        self._adamw.step()
        for rows in self._group.seen_rows:
            if 0 not in self._dropped:
                rows.step(self.rate(0, step), scale)
        self._group.refresh()
        self.clear()

    def moments(self, run: int) -> list[tuple[Slot, tuple[torch.Tensor, torch.Tensor]]]:
        """AdamW's two moments of a run, slot by slot: views of the shape of the run's share of the slot.

        Those of embeddings with sparse gradients are their own (``SeenRows.state``).
        """
        found: list[tuple[Slot, tuple[torch.Tensor, torch.Tensor]]] = []
        start = 0
        for group in self._adamw.param_groups:
            if group["run"] != run:
                continue
            for parameter in group["params"]:
                state = self._adamw.state[parameter]
                pair = (state["exp_avg"], state["exp_avg_sq"])
                slot = next((slot for slot in self._group.slots if slot.parameter is parameter), None)
                if slot is not None:
                    found.append((slot, pair))
                    continue
                found += self._in_arena(run, start, pair)
                start += parameter.numel()
        return found

    def _in_arena(
        self, run: int, start: int, flat: tuple[torch.Tensor, torch.Tensor]
    ) -> list[tuple[Slot, tuple[torch.Tensor, torch.Tensor]]]:
        """The parts of two flat tensors, which run beside the arena's columns from ``start``, by slot."""
        found = []
        for slot in self._group.slots:
            share = slot.of(run)
            at = share.storage_offset() - run * self._group.arena.weights.shape[1] - start
            if not slot.direct and 0 <= at < flat[0].numel():
                first, second = (each[at : at + share.numel()].view(share.shape) for each in flat)
                found.append((slot, (first, second)))
        return found

    def made(self, run: int) -> int:
        """Updates that a run has made."""
        steps = [self._adamw.state[each].get("step") for each in self._parameters(run)]
        return int(next((step for step in steps if step is not None), 0))

    def resume(self, run: int, made: int) -> None:
        """Give a run that goes on from ``made`` updates its place for moments, all zero."""
        for parameter in self._parameters(run):
            self._adamw.state[parameter] = {
                "step": torch.tensor(float(made), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }

    def _parameters(self, run: int) -> list[torch.Tensor]:
        return [each for group in self._adamw.param_groups if group["run"] == run for each in group["params"]]

    def clear(self) -> None:
        """Clear all gradients. Banks keep their memory, which the views share."""
        self._group.arena.gradients.zero_()
        for parameter in self._direct:
            parameter.grad = None

    def drop(self, run: int) -> None:
        """Leave a run's weights as they are from now on."""
        self._adamw.param_groups[:] = [group for group in self._adamw.param_groups if group["run"] != run]
        self._dropped.add(run)

    def _summed(self) -> list[torch.Tensor]:
        """Add up the gradients of all processes, where they stand; gives the sparse ones, of all rows that were seen.

        A parameter that no process has a gradient of keeps none, and AdamW passes it over as it does for one process.
        """
        self._devices.meet([])  # whoever failed since losses were exchanged says so here
        there = self._devices.any([parameter.grad is not None for parameter in self._direct]) if self._direct else []
        direct = [parameter for parameter, wanted in zip(self._direct, there) if wanted]
        for parameter in direct:
            if parameter.grad is None:  # this process had no row
                parameter.grad = torch.zeros_like(parameter)
        sparse = [rows.spread() for rows in self._group.seen_rows]
        dense = [each.grad for each in direct if each.grad is not None]
        self._devices.meet([])
        self._devices.sum([self._group.arena.gradients, *dense, *sparse])
        return sparse

    def _clip(self, sparse: Sequence[torch.Tensor]) -> torch.Tensor:
        """Scale each run's gradient down to its own limit, as ``torch.nn.utils.clip_grad_norm_`` does.

        Args:
            sparse: values of a lone run's sparse gradients; they are left to be scaled.

        Returns:
            The first run's scale.
        """
        gradients = self._group.arena.gradients
        limits = [run.training.max_grad_norm for run in self._runs]
        if not any(limits):
            return torch.ones((), dtype=gradients.dtype)
        norms = torch.linalg.vector_norm(gradients, dim=1)
        direct = [each.grad for each in self._direct if each.grad is not None]
        if direct or sparse:  # a lone run
            own = torch._foreach_norm([*direct, *sparse])
            norms = torch.linalg.vector_norm(torch.stack([norms[0], *own])).view(1)
        wanted = torch.tensor([limit or torch.inf for limit in limits], dtype=norms.dtype, device=norms.device)
        scales = (wanted / (norms + 1e-6)).clamp_(max=1.0)
        gradients.mul_(scales[:, None])
        if direct and not (scales.device.type == "cpu" and float(scales[0]) == 1.0):
            torch._foreach_mul_(direct, scales[0])
        first: torch.Tensor = scales[0]
        return first


def _owner(group: GroupModel, slot: Slot) -> nn.Module:
    module: nn.Module = group.model.get_submodule(slot.name.rpartition(".")[0])
    return module


def _leaf(weights: torch.Tensor, gradients: torch.Tensor) -> nn.Parameter:
    view = nn.Parameter(weights)
    view.grad = gradients
    return view
