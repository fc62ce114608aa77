"""A study's plan for a cluster that is not at hand: groups for its devices, and the schedule of them on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tunefork.engine import best_device, compute_threads, product_rate
from tunefork.errors import ConfigError
from tunefork.plan import Plan
from tunefork.plan.simulate import Cluster, Costs, Forecast, costs_of, forecast, read_costs
from tunefork.runner import Places
from tunefork.study.outline import outline
from tunefork.study.prepare import device_name

if TYPE_CHECKING:
    from tunefork.study.study import Study

REACHED = 0.1
"""The share of a device's published peak that training is taken to reach: small models reach 0.05 to 0.2 of it."""
SHORTEST = 0.005
"""Seconds that a step on such a device is taken to last at least: its kernels have to be launched."""


def plan_on(study: Study, cluster: Cluster, given: Costs | None = None) -> tuple[Plan, Forecast]:
    """The plan that would be made for a cluster, and its schedule there.

    Without ``given``, a few steps of every configuration and group are timed on this machine. Where the cluster's
    devices are others, these times are scaled by what somebody says (``8xH200@12``), or by a guess from the device's
    published peak; both are told as assumptions.

    Args:
        study: to plan.
        cluster: on which.
        given: what passes take on its devices.

    Raises:
        ConfigError: costs of another device, or not of all configurations; or nothing could be timed.
    """
    if given is not None:
        _check_device(cluster, given)
    threads = cluster.device.threads or torch.get_num_threads()
    memory = (given.memory_mib if given else None) or cluster.device.memory_mib
    with compute_threads(threads):
        places = Places(cluster.devices, threads, memory_mib=memory)
        plan = study.plan(places=places, costs=given) if given else outline(study, places=places)
        costs = given or _costs_for(plan, cluster)
    return plan, forecast(plan, costs, cluster)


def measured_here(plan: Plan) -> Costs | None:
    """What was timed for a plan on this machine, for ``--costs`` on another; None where nothing was."""
    return costs_of(plan, device_name(), _memory())


def costs_file(path: Path) -> Costs:
    """The costs in the file of ``tunefork plan STUDY --json``.

    Raises:
        ConfigError: there is no such file, or there are no costs in it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            "The costs cannot be read", where=f"--costs {path}", found=reason,
            fix="Write the file on such a device: tunefork plan STUDY --json > FILE.",
        ) from None  # fmt: skip
    return read_costs(found if isinstance(found, dict) else {}, f"--costs {path}")


def _costs_for(plan: Plan, cluster: Cluster) -> Costs:
    costs = measured_here(plan)
    if costs is None:
        raise ConfigError(
            "A schedule on paper needs times, and the steps of this model cannot be timed here", where="--cluster",
            found="; ".join(plan.notices[:1]), fix="Give --costs FILE, written where the model is at hand.",
        )  # fmt: skip
    name, speed = cluster.device.name, cluster.speed
    if speed is None and (cluster.device.here or name.lower() in costs.device.lower()):
        return costs
    memory = cluster.device.memory_mib
    if speed is not None:
        return costs.scaled(name, speed, memory, 0.0, f"each {name} is {speed:g} times as fast as this machine")
    assert cluster.device.tflops is not None
    rate = product_rate(torch.bfloat16 if plan.precision == "bf16" else torch.float32)
    speed = REACHED * cluster.device.tflops / rate
    return costs.scaled(
        name, speed, memory, SHORTEST,
        f"each {name} is {speed:,.0f} times as fast as this machine ({REACHED:.0%} of its published "
        f"{cluster.device.tflops:g} TFLOP/s against {rate:.2f} measured here), and a step takes {1000 * SHORTEST:g} ms "
        "at least; --costs FILE has measured times",
    )  # fmt: skip


def _check_device(cluster: Cluster, given: Costs) -> None:
    name = cluster.device.name
    if not cluster.device.here and cluster.speed is None and name.lower() not in given.device.lower():
        raise ConfigError(
            f"The costs are those of another device than the cluster's {name}", where="--costs", found=given.device,
            fix="Write --cluster with that device, or write the file on such a device.",
        )  # fmt: skip


def _memory() -> float | None:
    """MiB that the device has; None where groups are in this machine's own memory."""
    device = best_device()
    return torch.cuda.get_device_properties(device).total_memory / 2**20 if device.type == "cuda" else None
