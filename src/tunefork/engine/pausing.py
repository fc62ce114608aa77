"""A run that is laid aside in the middle of its training, and taken up again as if nothing had been.

What training goes on from is more than the weights: AdamW's moments and steps, the best weights so far, what early
stopping waits for, the place in the run's random streams. All of it is kept per run and laid out as transformers and
PEFT do, so that a run may go on in another group than the one it began in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tunefork.engine.group_model import GroupModel
from tunefork.engine.slots import Slot
from tunefork.errors import StoreError
from tunefork.store.atomic import flush

if TYPE_CHECKING:
    from tunefork.engine.optimise import GroupOptimizer
    from tunefork.engine.progress import RunProgress

MOMENTS = ("exp_avg", "exp_avg_sq")
"""Of AdamW, as torch names them; the means of gradients and of their squares."""


@dataclass(frozen=True)
class Paused:
    """One run, laid aside."""

    tensors: Mapping[str, torch.Tensor]
    """``weights/NAME``, ``exp_avg/NAME``, ``exp_avg_sq/NAME``, ``best/NAME``; of sparse embeddings also ``seen/NAME``,
    ``rows/NAME`` and ``pending/NAME``, see ``SeenRows.state``."""
    facts: Mapping[str, Any]
    """Steps, passes, seconds, and what the loop remembers of the run: plain values."""

    @property
    def step(self) -> int:
        """Optimizer steps that it has made."""
        return int(self.facts["progress"]["steps"])

    def save(self, path: Path) -> None:
        """Write it to one file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_suffix(".tmp")
        plain = {name: tensor.contiguous() for name, tensor in self.tensors.items()}
        save_file(plain, str(staged), metadata={"facts": json.dumps(self.facts)})
        flush(staged)
        staged.replace(path)
        flush(path.parent)

    @classmethod
    def read(cls, path: Path) -> Paused:
        """Read it back.

        Raises:
            StoreError: the file is damaged.
        """
        try:
            with safe_open(str(path), "pt") as file:
                facts = json.loads(file.metadata()["facts"])
                return cls({name: file.get_tensor(name) for name in file.keys()}, facts)  # noqa: SIM118 - no dictionary
        except Exception as error:  # whatever it is called, the file is no run that could go on
            raise StoreError(
                "A run that was laid aside cannot be taken up again",
                where=str(path),
                found=str(error),
                fix="Delete the file; the run then begins anew.",
            ) from error


def pause(
    group: GroupModel, optimizer: GroupOptimizer, number: int, progress: RunProgress, passes: int, seconds: float
) -> Paused:
    """Everything that one run of a group goes on from: copies on the CPU.

    Args:
        group: holds the weights.
        optimizer: holds the moments.
        number: which of its runs.
        progress: what the loop remembers of it.
        passes: forward passes of training made so far.
        seconds: it has taken so far.
    """
    tensors: dict[str, torch.Tensor] = {}

    def keep(kind: str, slot: Slot, share: torch.Tensor) -> None:
        laid_out = slot.lay_out(share, number)
        if laid_out is not None:
            tensors[f"{kind}/{slot.name}"] = laid_out.detach().cpu().clone(memory_format=torch.contiguous_format)

    for slot in group.slots:
        keep("weights", slot, slot.of(number))
        if progress.best_weights is not None:
            keep("best", slot, progress.best_weights[slot.name])
    for slot, moments in optimizer.moments(number):
        for name, share in zip(MOMENTS, moments):
            keep(name, slot, share)
    for rows in group.seen_rows:
        tensors |= {f"{kind}/{rows.name}": tensor for kind, tensor in rows.state().items()}
    facts = {
        "progress": progress.remembered(),
        "optimizer_steps": optimizer.made(number),
        "passes": passes,
        "seconds": seconds,
    }
    return Paused(tensors, facts)


@torch.no_grad()
def resume(group: GroupModel, optimizer: GroupOptimizer, number: int, progress: RunProgress, paused: Paused) -> None:
    """Put a run back where it was laid aside."""
    group.load(number, dict(_of("weights", paused)))
    best = dict(_of("best", paused))
    if best:
        progress.best_weights = {slot.name: _stored(slot, number, best) for slot in group.slots}
    progress.recall(paused.facts["progress"])
    if not progress.active:  # it had ended, and only waits for its neighbours
        optimizer.drop(number)
        return
    optimizer.resume(number, int(paused.facts["optimizer_steps"]))
    first, second = (dict(_of(name, paused)) for name in MOMENTS)
    for slot, shares in optimizer.moments(number):
        for share, given in zip(shares, (first, second)):
            laid_out = slot.lay_out(share, number)
            if laid_out is not None:
                laid_out.copy_(given[slot.name])
    for rows in group.seen_rows:
        kinds = ("seen", "rows", "pending", *MOMENTS)
        state = {
            kind: paused.tensors[f"{kind}/{rows.name}"] for kind in kinds if f"{kind}/{rows.name}" in paused.tensors
        }
        rows.recall(state, int(paused.facts["optimizer_steps"]))


def _of(kind: str, paused: Paused) -> Iterator[tuple[str, torch.Tensor]]:
    for name, tensor in paused.tensors.items():
        if name.startswith(f"{kind}/"):
            yield name.removeprefix(f"{kind}/"), tensor


def _stored(slot: Slot, number: int, laid_out: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """A run's share as its slot stores it, from how transformers and PEFT lay it out."""
    share = torch.zeros_like(slot.of(number))
    view = slot.lay_out(share, number)
    if view is not None:
        view.copy_(laid_out[slot.name])
    return share
