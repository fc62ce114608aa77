"""10, 1,000 and 100,000 runs on 1, 8 and 256 devices: what the schedule on paper says, and what bounds it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.scale.real import MESSAGES, measured
from tunefork import Full, Head, LastLayers, LoRA, Study, load_data
from tunefork.plan import Plan, duration
from tunefork.plan.simulate import WORDS, Costs, Overheads, bounds_of, simulate
from tunefork.plan.simulate.tasks import regrouped, tasks_of
from tunefork.runner import Places

SIZES = {10: (1, 1), 1_000: (25, 4), 100_000: (1000, 10)}
"""Learning rates of each configuration, and seeds, by runs."""
DEVICES = (1, 8, 256)
CURVE = tuple(4**power for power in range(7))
SPEEDS = (1.0, 100.0)


@dataclass(frozen=True)
class Cell:
    """One schedule."""

    runs: int
    devices: int
    speed: float
    """Of a device, against one core of this machine."""
    groups: int
    makespan: float
    utilisation: float
    reason: str
    seconds: float
    """That the simulation itself took."""


def study(rates: int, seeds: int) -> Study:
    """Of ten configurations one is full fine-tuning, one the last layer, two are heads, six adapters."""

    def near(rate: float) -> list[float]:
        return [rate * (1 + number / 1000) for number in range(rates)]

    compare = [
        Full(learning_rate=near(3e-4)),
        LastLayers(count=1, learning_rate=near(1e-3)),
        Head(learning_rate=[*near(0.03), *near(0.1)]),
        LoRA(rank=[2, 8, 32], targets=["query+value", "all-linear"], learning_rate=near(4e-3)),
    ]
    data = load_data(MESSAGES, text="message", label="intent", id="id", max_length=64)
    return Study("builtin:minilm", data, compare, seeds=seeds, training={"epochs": 4}, name="scale")


def costs_for(made: Study, known: Costs, of: Study) -> Costs:
    """Costs of a study's configurations from those of a smaller one, which differ in their learning rates only."""

    def kind(strategy: object) -> str:
        return str(strategy.model_copy(update={"learning_rate": 1.0}))  # type: ignore[attr-defined]

    small = {kind(run.config.strategy): known.alone[run.config.configuration] for run in of.expanded}
    alone = {run.config.configuration: small[kind(run.config.strategy)] for run in made.expanded}
    return replace(known, alone=alone)


def cell(plan: Plan, costs: Costs, devices: int, speed: float, overheads: Overheads) -> Cell:
    """One schedule: each device is a machine of its own."""
    there = costs.scaled(costs.device, speed, None, 0.0, "")
    grouped = regrouped(plan, there, devices)
    began = time.perf_counter()
    found = simulate(tasks_of(grouped, there, overheads), devices, 1, overheads)
    took = time.perf_counter() - began
    return Cell(
        len(plan.runs), devices, speed, len(grouped.groups), found.makespan, found.utilisation,
        bounds_of(found).reason, took,
    )  # fmt: skip


def table(overheads: Overheads) -> list[Cell]:
    """All of it; the first times the ten configurations of the smallest study (CPU seconds, one thread)."""
    small = study(*SIZES[10])
    _, few = measured(small, 1)
    _, most = measured(study(1, 4), 1)  # so that passes of many are known, too
    known = replace(few, shared=(*few.shared, *most.shared))
    cells = []
    for runs, (rates, seeds) in SIZES.items():
        made = small if runs == 10 else study(rates, seeds)
        costs = costs_for(made, known, small)
        plan = made.plan(places=Places(1, 1), costs=costs)
        for speed in SPEEDS:
            cells += [cell(plan, costs, devices, speed, overheads) for devices in sorted({*DEVICES, *CURVE})]
    return cells


def show(cells: list[Cell]) -> None:
    """The table as docs/scale.md has it."""
    for speed in SPEEDS:
        print(f"\ndevices {speed:g} times as fast as one core here")
        for runs in SIZES:
            for devices in DEVICES:
                one = next(each for each in cells if (each.runs, each.devices, each.speed) == (runs, devices, speed))
                print(
                    f"| {runs:,} | {devices} | {one.groups:,} | {duration(one.makespan)} ({one.makespan:,.0f} s) "
                    f"| {one.utilisation:.0%} | {WORDS[one.reason]} |"
                )


def draw(cells: list[Cell], path: Path) -> None:
    """Makespan against devices, for each size of a study."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(SPEEDS), figsize=(9, 3.6), layout="constrained", sharey=True)
    colours = dict(zip(SIZES, ("#0072b2", "#d55e00", "#009e73")))
    for axis, speed in zip(axes, SPEEDS):
        for runs, colour in colours.items():
            points = [one for one in cells if one.runs == runs and one.speed == speed and one.devices in CURVE]
            axis.plot([one.devices for one in points], [one.makespan for one in points], "o-", ms=3, color=colour,
                      label=f"{runs:,} runs")  # fmt: skip
            axis.plot([one.devices for one in points], [points[0].makespan / one.devices for one in points], ":",
                      color=colour, lw=0.8)  # fmt: skip
        axis.set(xscale="log", yscale="log", xlabel="devices", title=f"{speed:g} × one core here", ylim=(5, None))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds of the whole study")
    axes[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def plain(cells: list[Cell]) -> list[dict[str, object]]:
    """As JSON has it."""
    return [asdict(one) for one in cells]
