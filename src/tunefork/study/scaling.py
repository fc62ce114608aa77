"""Times of this machine as those of another device: as somebody says, or by a guess from published peaks."""

from __future__ import annotations

import torch

from tunefork.engine import best_device, product_rate
from tunefork.errors import ConfigError
from tunefork.plan.simulate import Cluster, Costs, is_named, known_as

REACHED = 0.1
"""The share of a device's published peak that training is taken to reach: small models reach 0.05 to 0.2 of it."""
SHORTEST = 0.005
"""Seconds that a step on such a device is taken to last at least: its kernels have to be launched."""


def scaled_to(costs: Costs, cluster: Cluster) -> Costs:
    """What was timed on this machine, as it would be on the cluster's devices; what is assumed for that is said.

    Raises:
        ConfigError: nobody says how fast they are, and nothing is known of this machine's device to guess from.
    """
    name, speed, memory = cluster.device.name, cluster.speed, cluster.device.memory_mib
    if speed is not None:
        return costs.scaled(name, speed, memory, 0.0, f"each {name} is {speed:g} times as fast as this machine")
    if cluster.device.here or is_named(name, costs.device):
        return costs
    peak = cluster.device.tflops
    assert peak is not None
    if best_device().type == "cpu":
        rate = product_rate(torch.bfloat16 if costs.precision == "bf16" else torch.float32)
        speed, shortest = REACHED * peak / rate, SHORTEST
        why = f"{REACHED:.0%} of its published {peak:g} TFLOP/s against {rate:.2f} measured here"
    else:
        own = known_as(costs.device)
        if own is None or own.tflops is None:
            raise ConfigError(
                "Times of this machine's device cannot be scaled to another", where="--cluster", found=costs.device,
                fix=f"Say how fast one is against it, such as --cluster {cluster.written}@2, or give --costs FILE.",
            )  # fmt: skip
        speed = peak / own.tflops
        # launches take as long there: what is as short as that here does not become shorter
        shortest = min(SHORTEST, *(one.step_seconds for one in costs.alone.values()))
        why = f"published {peak:g} TFLOP/s against {own.tflops:g} of this {own.name}"
    times = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
    return costs.scaled(
        name, speed, memory, shortest,
        f"each {name} is {times} times as fast as this machine ({why}), and a step takes {1000 * shortest:.3g} ms at "
        "least; --costs FILE has measured times",
    )  # fmt: skip
