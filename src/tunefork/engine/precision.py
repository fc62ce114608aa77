"""Device and precision: bf16 compute with fp32 masters where the hardware has it, fp32 elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch


@dataclass(frozen=True)
class Precision:
    """Where a group computes, and in what: ``compute`` for frozen weights and products, ``master`` for what trains."""

    device: torch.device
    compute: torch.dtype
    master: torch.dtype = torch.float32

    @property
    def name(self) -> str:
        """``bf16``, ``fp32`` or ``fp64``."""
        return {torch.bfloat16: "bf16", torch.float32: "fp32", torch.float64: "fp64"}[self.compute]

    def autocast(self, mixed: bool) -> AbstractContextManager[object]:
        """Brings trainable fp32 tensors and the compute precision together where a model mixes them."""
        if self.compute == self.master or not mixed:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.compute)

    @property
    def attention(self) -> str:
        """The attention implementation to ask transformers for.

        The fused CPU kernel has a slow backward in bf16; plain matrix products are 1.3 to 2 times faster there.
        """
        return "eager" if self.device.type == "cpu" else "sdpa"


def best_device() -> torch.device:
    """CUDA, then MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_precision(wish: Literal["auto", "bf16", "fp32"], device: torch.device | None = None) -> Precision:
    """The precision for a device. ``auto`` is bf16 on a GPU or CPU with bf16 matrix units (AMX, AVX512), else fp32."""
    device = device or best_device()
    bf16 = wish == "bf16" or (wish == "auto" and has_bf16(device))
    return Precision(device, torch.bfloat16 if bf16 else torch.float32)


def has_bf16(device: torch.device) -> bool:
    """Whether matrix products in bf16 are faster than in fp32 on this device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        probes = (
            "_is_avx512_bf16_supported",
            "_is_amx_tile_supported",
        )  # private, so a torch without them is thinkable
        return any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return False
