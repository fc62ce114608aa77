"""This machine: packages, device, threads, memory, disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from tunefork.doctor.finding import Finding

ROOM = 5.0
"""GiB of free disk below which a study of a usual model may not find room."""
MEMORY = 4.0
"""GiB of free memory below which full fine-tuning of a usual model may not fit."""
SLOWER = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")
"""Settings of the environment that hold back what the processor can do."""


def environment(folder: Path | None = None) -> list[Finding]:
    """Look at everything that training depends on; takes a second, since it times products.

    Args:
        folder: where studies go, whose disk is looked at; the working directory unless given.
    """
    return [*_packages(), *_device(), *_threads(), *_room(folder or Path.cwd()), *_settings()]


def _packages() -> Iterator[Finding]:
    """Whether what is installed is what tunefork asks for."""
    from packaging.requirements import Requirement

    yield Finding("ok", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    missing: dict[str, list[str]] = {}
    good = []
    for text in requires("tunefork") or ():
        wanted = Requirement(text)
        extra = _extra(wanted.marker)
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            if extra is None:
                yield Finding(
                    "wrong", f"{wanted.name} is not installed", f"pip install '{wanted.name}{wanted.specifier}'"
                )
            elif extra != "dev":
                missing.setdefault(extra, []).append(wanted.name)
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield Finding(
                "wrong",
                f"{wanted.name} {found} is installed, and {wanted.specifier} is needed",
                f"pip install '{wanted.name}{wanted.specifier}'",
            )
        elif extra is None:
            good.append(f"{wanted.name} {found}")
    yield Finding("ok", f"packages: {', '.join(good)}")
    if (ray := _installed("ray")) is not None:
        yield Finding("ok", f"ray {ray}: studies can train on a cluster, --runner ray")
    for extra, names in missing.items():
        yield Finding("notice", f"{', '.join(names)} not installed", f"Where needed: pip install 'tunefork[{extra}]'")


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _extra(marker: object) -> str | None:
    """The extra that a requirement belongs to."""
    import re

    found = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", str(marker or ""))
    return found[1] if found else None


def _device() -> Iterator[Finding]:
    import torch

    from tunefork.engine.precision import best_device, bf16_gain, has_bf16

    device = best_device()
    if device.type == "cpu":
        if torch.version.cuda:
            yield Finding(
                "notice", f"torch {torch.__version__} is built for CUDA and sees no GPU", "Look at its driver."
            )
        gain = bf16_gain() if has_bf16(device) else None
        told = f"bf16 products take 1/{gain:.1f} of the time of fp32" if gain else "no bf16, so training is in fp32"
        yield Finding("ok", f"device: CPU ({platform.processor() or platform.machine()}); {told}")
        return
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    yield Finding("ok", f"device: {name}; bf16 {'yes' if has_bf16(device) else 'no'}")


def _threads() -> Iterator[Finding]:
    import torch

    threads, cores = torch.get_num_threads(), usable_cores()
    if threads > cores:
        yield Finding(
            "wrong",
            f"torch computes with {threads} threads, and this process may use {cores:g} cores",
            f"Threads that wait for one another spin: export OMP_NUM_THREADS={max(1, int(cores))}",
        )
    else:
        yield Finding("ok", f"{threads} thread{'s' if threads != 1 else ''} on {cores:g} cores")


def usable_cores() -> float:
    """Cores that this process may use: of the machine, of its affinity, of its container's share."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    try:
        share, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if share == "max" else min(cores, int(share) / int(period))


def _room(folder: Path) -> Iterator[Finding]:
    import torch

    from tunefork.engine import available_bytes

    free = available_bytes(torch.device("cpu")) / 2**30
    if free >= MEMORY:
        yield Finding("ok", f"{free:.1f} GiB of memory free")
    else:
        fix = "A smaller batch_size, or --workers 1, takes less."
        yield Finding("notice", f"{free:.1f} GiB of memory free", fix)
    place = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), Path.cwd())
    room = shutil.disk_usage(place).free / 2**30
    if room >= ROOM:
        yield Finding("ok", f"{room:.1f} GiB free in {place}")
    else:
        yield Finding("notice", f"{room:.1f} GiB free in {place}", "Whole models and checkpoints need room.")
    if not os.access(place, os.W_OK):
        yield Finding("wrong", f"{place} cannot be written", "Choose another folder with -o.")


def _settings() -> Iterator[Finding]:
    held = [f"{name}={os.environ[name]}" for name in SLOWER if os.environ.get(name)]
    if held:
        yield Finding(
            "notice", f"the environment holds the processor back: {', '.join(held)}", "Unset it to be faster."
        )
    if sys.flags.optimize:
        yield Finding("notice", "Python runs with -O, which leaves out its own checks", "Run it without.")
