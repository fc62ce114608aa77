"""Slots: every trainable tensor of a group, and how one run's share of it looks to transformers and PEFT."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from tunefork.engine.banks import Bank, LinearBank, LoRABank

Part = Literal["adapter", "head", "backbone"]
Layout = Literal["direct", "matrix", "vector", "lora_A", "lora_B"]


@dataclass(frozen=True)
class Slot:
    """One trainable tensor of a group.

    Layouts, stored here ↔ as transformers and PEFT have one run's share:
    ``direct`` the same ↔ the same (only in a group of one);
    ``matrix`` [K, in, out] ↔ [out, in]; ``vector`` [K, 1, n] ↔ [n];
    ``lora_A`` [K, R, in] ↔ [rank, in]; ``lora_B`` [K, R, out] ↔ [out, rank].
    """

    name: str
    """The parameter's name in the pretrained model, or ``MODULE.lora_A`` and ``MODULE.lora_B``."""
    part: Part
    parameter: torch.Tensor
    layout: Layout
    ranks: tuple[int, ...] = ()
    """Of each run, for adapters; 0 where a run has none here."""
    compute: nn.Parameter | None = None
    """The model's own copy of a direct parameter, in the compute precision, where that is not the master's."""
    sparse: bool = False
    """Whether backward gives the gradients of the rows that were read, and of no others."""
    spared: bool = False
    """A direct parameter that is a bias or a norm's, and so does not decay."""

    @property
    def direct(self) -> bool:
        """Whether it is a parameter of the model itself and not a bank."""
        return self.layout == "direct"

    @property
    def decays(self) -> bool:
        """Whether weight decay applies: not to biases and norms, as in transformers' Trainer."""
        return not self.spared if self.direct else self.layout != "vector"

    def of(self, run: int) -> torch.Tensor:
        """The run's share as it is stored: a view of the weights."""
        return self.parameter.detach() if self.direct else self.parameter.detach()[run]

    def canonical(self, run: int) -> torch.Tensor | None:
        """The run's share as transformers and PEFT lay it out: a view; None where the run has no adapter here."""
        return self.lay_out(self.of(run), run)

    def lay_out(self, share: torch.Tensor, run: int) -> torch.Tensor | None:
        """A tensor of the shape of the run's share (its moments, an older copy), as transformers and PEFT lay it out.

        A view; None where the run has no adapter here.
        """
        if self.layout == "lora_A":
            return share[: self.ranks[run]] if self.ranks[run] else None
        if self.layout == "lora_B":
            return share[: self.ranks[run]].t() if self.ranks[run] else None
        if self.layout == "matrix":
            return share.t()
        return share.squeeze(0) if self.layout == "vector" else share


def counted(slots: Iterable[Slot], run: int) -> dict[str, int]:
    """How many numbers of one run train in these tensors, by part; parts that have none are left out."""
    found: dict[str, int] = {}
    for slot in slots:
        share = slot.canonical(run)
        if share is not None:
            found[slot.part] = found.get(slot.part, 0) + share.numel()
    return found


def direct_slot(model: nn.Module, name: str, part: Part) -> Slot:
    """The slot of a parameter that trains where it stands."""
    owner = model.get_submodule(name.rpartition(".")[0])
    spared = "bias" in name or "Norm" in type(owner).__name__
    return Slot(name, part, model.get_parameter(name), "direct", spared=spared)


def bank_slots(name: str, part: Part, bank: Bank) -> list[Slot]:
    """The slots of one bank, which has taken its places in the arena."""
    if isinstance(bank, LoRABank):
        return [
            Slot(f"{name}.lora_A", part, bank.A, "lora_A", bank.ranks),
            Slot(f"{name}.lora_B", part, bank.B, "lora_B", bank.ranks),
        ]
    found = [Slot(f"{name}.weight", part, bank.weight, "matrix" if isinstance(bank, LinearBank) else "vector")]
    return found if bank.bias is None else [*found, Slot(f"{name}.bias", part, bank.bias, "vector")]
