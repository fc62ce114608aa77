"""What ``tunefork plan --cluster`` says: a plan on a cluster, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from tunefork.plan.explain import duration
from tunefork.plan.plan import Plan
from tunefork.plan.simulate.bounds import WORDS, Bounds, Point, bounds_of, curve, knee
from tunefork.plan.simulate.cluster import Cluster
from tunefork.plan.simulate.costs import Costs
from tunefork.plan.simulate.overheads import Overheads
from tunefork.plan.simulate.simulation import Schedule, simulate
from tunefork.plan.simulate.tasks import regrouped, tasks_of

USUALLY = Overheads()


@dataclass(frozen=True)
class Forecast:
    """A study's schedule on a cluster."""

    cluster: Cluster
    costs: Costs
    """Of a device by itself, not beside others."""
    overheads: Overheads
    schedule: Schedule
    bounds: Bounds
    curve: tuple[Point, ...]
    too_large: tuple[str, ...] = ()
    """Names of configurations of which not even one run fits into a device."""
    searches: bool = False
    """Whether a search comes before these runs, which is not in it."""

    @property
    def knee(self) -> int:
        """Devices from which twice as many are no longer worth it."""
        return knee(self.curve)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        plain = asdict(self.schedule)
        plain.pop("ends")
        return {
            "cluster": {
                "text": str(self.cluster),
                "nodes": self.cluster.nodes,
                "devices_per_node": self.cluster.each,
                "devices": self.cluster.devices,
                "device": self.cluster.device.name,
            },
            "assumed": self.costs.assumed or None,
            "overheads": asdict(self.overheads),
            "schedule": plain
            | {
                "workers": self.schedule.workers,
                "utilisation": self.schedule.utilisation,
                "device_hours": self.schedule.device_hours,
            },
            "bounds": asdict(self.bounds) | {"words": WORDS[self.bounds.reason]},
            "curve": [asdict(point) for point in self.curve],
            "knee": self.knee,
            "too_large": list(self.too_large),
            "without_search": self.searches,
        }

    def lines(self) -> list[str]:
        """As people read it."""
        found, many = self.schedule, self.schedule.devices
        lines = [
            f"on {self.cluster}: {duration(found.makespan)}, {found.runs:,} runs in {found.tasks:,} groups, devices "
            f"busy {found.utilisation:.0%} of the time, {found.device_hours:,.1f} device-hours",
            f"what bounds it: {WORDS[self.bounds.reason]} (work {duration(self.bounds.work)}, longest group "
            f"{duration(self.bounds.longest)}, driver {duration(self.bounds.driver)}, last worker ready after "
            f"{duration(self.bounds.starts)})",
        ]
        times = ", ".join(f"{point.devices:,}: {duration(point.makespan)}" for point in self.curve)
        lines.append(f"by number of devices: {times}")
        if self.knee < many:
            lines.append(
                f"from {self.knee:,} device{'s' if self.knee > 1 else ''} on, twice as many are hardly worth it"
            )
        if self.searches:
            lines.append("that is of the final runs alone: the search before them is left out")
        if self.too_large:
            lines.append(f"not even one run fits into a device's memory: {', '.join(self.too_large)}")
        if self.costs.assumed:
            lines.append(f"assumed, not measured: {self.costs.assumed}")
        return lines


def forecast(plan: Plan, costs: Costs, cluster: Cluster, overheads: Overheads = USUALLY) -> Forecast:
    """Schedule a plan, made for the cluster's devices, on paper.

    The plan's own groups hold where costs were measured. Where they are assumed, and for other numbers of devices,
    groups are made anew from the costs.

    Raises:
        ConfigError: one of its configurations has no cost.
    """

    def on(devices: int, given: Plan | None = None) -> Schedule:
        there, each = _as_there(costs, cluster, devices, overheads), _of_a_node(cluster, devices)
        tasks = tasks_of(given or regrouped(plan, there, devices), there, overheads)
        return simulate(tasks, devices // each, each, _started(overheads, cluster, devices))

    schedule = on(cluster.devices, None if costs.assumed else plan)

    room = costs.memory_mib
    large = [run.name for run in plan.runs if room is not None and run.memory_mib is not None and run.memory_mib > room]
    return Forecast(
        cluster, costs, overheads, schedule, bounds_of(schedule), curve(cluster.devices, on),
        tuple(dict.fromkeys(large)), bool(plan.search),
    )  # fmt: skip


def _as_there(costs: Costs, cluster: Cluster, devices: int, overheads: Overheads) -> Costs:
    """Workers on one CPU share its memory; devices have their own."""
    beside = cluster.device.here and cluster.each > 1 and devices > 1
    return costs.beside_others(overheads.kept) if beside else costs


def _of_a_node(cluster: Cluster, devices: int) -> int:
    """So many of the devices stand in a node: equal nodes, as large as the cluster's where that can be."""
    return devices if devices < cluster.each else math.gcd(devices, cluster.each)


def _started(overheads: Overheads, cluster: Cluster, devices: int) -> Overheads:
    """One group at a time on this machine trains in the command's own process."""
    return replace(overheads, start=0.0) if cluster.device.here and devices == 1 else overheads
