"""Devices that are known by name: their published peaks, from which times are guessed where nobody has measured."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """What one worker computes with."""

    name: str
    memory_mib: float | None = None
    """None where nobody knows, or where it is this machine's."""
    tflops: float | None = None
    """Published peak of dense products in bf16 (fp16 where it has no bf16), in TFLOP/s; None for this machine."""
    threads: int | None = None
    """Of this machine; None stands for all of them."""

    @property
    def here(self) -> bool:
        """Whether it is a worker like this machine's, so that what is measured here holds for it."""
        return self.name in HERE


HERE = {"here": Device("here"), "cpu": Device("cpu", threads=1)}
"""``here`` is this whole machine, with one group at a time; ``cpu`` is one core of it."""

_PEAKS = {
    "H200": (141, 989.0), "H100": (80, 989.0), "A100": (80, 312.0), "L40S": (48, 362.0), "A10": (24, 125.0),
    "L4": (24, 121.0), "V100": (32, 125.0), "T4": (16, 65.0),
}  # fmt: skip
"""Gigabytes and TFLOP/s from the makers' data sheets, without sparsity; SXM where there are several kinds."""
KNOWN = {name: Device(name, gigabytes * 1e9 / 2**20, tflops) for name, (gigabytes, tflops) in _PEAKS.items()}


def is_named(name: str, device: str) -> bool:
    """Whether a device calls itself by this name; an A100 is no A10.

    >>> is_named("A100", "cuda (NVIDIA A100-SXM4-80GB)"), is_named("A10", "cuda (NVIDIA A100-SXM4-80GB)")
    (True, False)
    """
    return re.search(rf"(?<![0-9a-z]){re.escape(name.lower())}(?![0-9a-z])", device.lower()) is not None


def known_as(device: str) -> Device | None:
    """What is known of a device, by what it calls itself; None where that is nothing.

    >>> known_as("cuda (NVIDIA L40S)").name, known_as("cpu (x86_64)")
    ('L40S', None)
    """
    return next((each for name, each in KNOWN.items() if is_named(name, device)), None)
