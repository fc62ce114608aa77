"""A study's plan for a cluster that is not at hand: groups for its devices, and the schedule of them on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tunefork.engine import best_device, compute_threads
from tunefork.errors import ConfigError
from tunefork.plan import Plan
from tunefork.plan.simulate import Cluster, Costs, Forecast, costs_of, forecast, is_named, read_costs
from tunefork.runner import Places
from tunefork.study.outline import outline
from tunefork.study.prepare import device_name
from tunefork.study.scaling import scaled_to

if TYPE_CHECKING:
    from tunefork.study.study import Study


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
    if cluster.device.name == "cpu" and best_device().type != "cpu":
        raise ConfigError(
            "This machine trains on its GPU, so a core of it is no device", where="--cluster", found=device_name(),
            fix='Write --cluster 1xhere, or hide the GPU: CUDA_VISIBLE_DEVICES="".',
        )  # fmt: skip
    threads = cluster.device.threads or torch.get_num_threads()
    if given is not None:
        _check_given(cluster, given, threads)
    memory = (given.memory_mib if given else None) or cluster.device.memory_mib
    with compute_threads(threads):
        places = Places(cluster.devices, threads, memory_mib=memory)
        plan = outline(study, places=places, costs=given)
        costs = given or measured_here(plan)
        if costs is None:
            raise ConfigError(
                "A schedule on paper needs times, and the steps of this model cannot be timed here", where="--cluster",
                found="; ".join(plan.notices[:1]), fix="Give --costs FILE, written where the model is at hand.",
            )  # fmt: skip
        if not plan.groups:
            raise ConfigError(
                "A schedule on paper needs groups, and nobody knows here who shares a pass", where="--cluster",
                found="; ".join(plan.notices[:1]), fix="Plan where the model is at hand.",
            )  # fmt: skip
        costs = given or scaled_to(costs, cluster)
    return plan, forecast(plan, costs, cluster)


def measured_here(plan: Plan) -> Costs | None:
    """What was timed for a plan on this machine, for ``--costs`` on another; None where nothing can be used there."""
    return None if no_costs_because(plan) else costs_of(plan, device_name(), _memory())


def no_costs_because(plan: Plan) -> str:
    """Why a plan's times are no costs of this machine's device; empty where they are."""
    if all(run.timing is None for run in plan.runs):
        return "a plan without times"
    if plan.share > 1:
        return f"steps were timed on a part of each batch, as {plan.share} processes divide it: plan without --runner"
    alone = torch.get_num_threads()
    if best_device().type == "cpu" and plan.threads not in (0, alone):
        return (
            f"lone runs were timed with {alone} threads, and shared passes with {plan.threads}: write --cluster 1xcpu "
            "for one thread in both, or --workers 1 for all"
        )
    return ""


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


def _check_given(cluster: Cluster, given: Costs, threads: int) -> None:
    """Costs are used as they are, so they have to be those of the cluster's devices."""
    name = cluster.device.name
    if cluster.speed is not None:
        raise ConfigError(
            "Costs are those of the cluster's devices as they are", where="--costs", found=f"@{cluster.speed:g}",
            fix=f"Write --cluster {cluster.written}, or leave out --costs.",
        )  # fmt: skip
    if cluster.device.here:
        here = device_name()
        if given.device != here or (here.startswith("cpu") and given.threads != threads):
            own = f"{here} with {threads} thread{'s' if threads > 1 else ''}"
            raise ConfigError(
                f"The costs are those of another device than the cluster's {name}, which is {own}", where="--costs",
                found=f"{given.device}, threads: {given.threads}",
                fix=f"Write the file here: tunefork plan STUDY --cluster 1x{name} --json > FILE.",
            )  # fmt: skip
    elif not is_named(name, given.device):
        raise ConfigError(
            f"The costs are those of another device than the cluster's {name}", where="--costs", found=given.device,
            fix="Write --cluster with that device, or write the file on such a device.",
        )  # fmt: skip


def _memory() -> float | None:
    """MiB that the device has; None where groups are in this machine's own memory."""
    device = best_device()
    return torch.cuda.get_device_properties(device).total_memory / 2**20 if device.type == "cuda" else None
