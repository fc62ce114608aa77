"""Device and precision: bf16 compute with fp32 masters where the hardware has it, fp32 elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch

GAIN = 1.2
"""How many times as fast products must be in bf16 to make up for its rounding."""


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


def choose_precision(
    wish: Literal["auto", "bf16", "fp32"], device: torch.device | None = None, automatic: str = ""
) -> Precision:
    """The precision for a device.

    Args:
        wish: what the study says.
        device: the best one unless given.
        automatic: what ``auto`` was found to be when the study began; found out now unless given.
    """
    device = device or best_device()
    name = (automatic or automatic_precision(device)) if wish == "auto" else wish
    return Precision(device, torch.bfloat16 if name == "bf16" else torch.float32)


def automatic_precision(device: torch.device | None = None) -> Literal["bf16", "fp32"]:
    """What ``precision: auto`` stands for: on a CPU that can compute bf16, the faster of both as measured."""
    device = device or best_device()
    if not has_bf16(device):
        return "fp32"
    return "bf16" if device.type != "cpu" or bf16_gain() > GAIN else "fp32"


@cache
def bf16_gain() -> float:
    """How many times as fast as in fp32 this CPU computes products in bf16, measured once in a process (50 ms).

    What the processor can do is not the whole answer: oneDNN may be told to use less (``ONEDNN_MAX_CPU_ISA``), and then
    emulates bf16 more slowly than it computes fp32.
    """
    return product_rate(torch.bfloat16) / product_rate(torch.float32)


def product_rate(dtype: torch.dtype) -> float:
    """TFLOP/s of products of the size that small models have, on this CPU with its threads as they are."""
    rows, weight = torch.randn(512, 384).to(dtype), torch.randn(1536, 384).to(dtype)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        torch.nn.functional.linear(rows, weight)
        times.append(time.perf_counter() - began)
    return 2 * 512 * 384 * 1536 / min(times) / 1e12


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes matrix products in bf16 (CPUs: AMX or AVX512)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        probes = (
            "_is_avx512_bf16_supported",
            "_is_amx_tile_supported",
        )  # private, so a torch without them is thinkable
        return any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return False
