"""Seconds of a study against its number of runs: 1, 2, 4 … 32 LoRA runs (four learning rates, then more seeds).

    python -m benchmarks.runs_and_seconds --data DIR [--set sst2] [--rows 8000] [--figure FILE]

Measures steps of the groups that the planner makes, as many at a time as it says, and of Trainer + PEFT for one run, in
slices that take turns; times the steps of one epoch. Prints a table, draws the figure, and ends with a line of JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from benchmarks.options import slices_parser
from benchmarks.study_vs_trainer.__main__ import START, machine
from benchmarks.study_vs_trainer.ours import Ours
from benchmarks.study_vs_trainer.study import Setting
from benchmarks.study_vs_trainer.workers import Crew, Worker
from tunefork.plan import Plan, makespan

COUNTS = (1, 2, 4, 8, 16, 32)
RATES = ("1e-4", "3e-4", "1e-3", "3e-3")


def main() -> None:
    parser = slices_parser(__doc__.splitlines()[0], steps=30, slices=2)
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/runs_and_seconds.png"))
    options = parser.parse_args()
    rates = [f"lora:rank=8,targets=query+value,learning_rate={rate}" for rate in RATES]
    runs = tuple((rates[number % len(rates)], number // len(rates)) for number in range(max(COUNTS)))
    setting = Setting(options.set, options.rows, 2000, options.data.resolve(), runs, rate=None)
    plans = {count: Ours(replace(setting, runs=runs[:count])).plan for count in COUNTS}
    crews = {shape: Crew(setting, "cpu", *shape) for shape in {(plan.workers, plan.threads) for plan in plans.values()}}
    scripts = {name: Worker(name, setting, "cpu") for name in ("a", "b")}
    epoch = -(-options.rows // 16)
    took: dict[str, list[float]] = {}
    for part in range(options.slices):
        for name, script in scripts.items():
            step = script.call("steps", setting.configs()[0], options.steps, part)
            took.setdefault(name, []).append(step * epoch)
        for count, plan in plans.items():
            crew = crews[plan.workers, plan.threads]
            took.setdefault(str(count), []).append(_study(plan, crew, options.steps, part, epoch))
    for side in (*crews.values(), *scripts.values()):
        side.close()
    seconds = {name: statistics.median(times) for name, times in took.items()}
    print(f"{'runs':>5} {'passes':>7} {'at a time':>9} {'tunefork':>10} {'a run':>8} {'Trainer bf16':>13} {'ratio':>6}")
    for count, plan in plans.items():
        own, theirs = seconds[str(count)], seconds["b"] * count
        shape = f"{count:5} {len(plan.groups):7} {plan.workers:9}"
        print(f"{shape} {own:8.0f} s {own / count:6.1f} s {theirs:11.0f} s {theirs / own:5.1f}×")
    document = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "data": options.set, "seconds": seconds}
    path = options.out / f"{document['date']}-runs-{options.set}-cpu.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draw(seconds, options.figure, f"one epoch of {options.rows:,} rows, {options.set}")
    print(json.dumps({"slope": _slope(seconds), "trainer_b": seconds["b"], "trainer_a": seconds["a"]}))


def _study(plan: Plan, crew: Crew, steps: int, part: int, epoch: int) -> float:
    """Seconds of a study's training."""
    costs = []
    known: dict[int, float] = {}
    for group in plan.groups:  # groups of one size cost the same here
        if len(group.runs) not in known:
            known[len(group.runs)] = crew.together("steps", group, steps, part) * epoch
        costs.append(known[len(group.runs)])
    return makespan(costs, plan.workers) + (START if plan.workers > 1 else 0.0)


def _slope(seconds: dict[str, float]) -> float:
    """Seconds that one more run adds."""
    return float(np.polyfit(COUNTS, [seconds[str(count)] for count in COUNTS], 1)[0])


def draw(seconds: dict[str, float], path: Path, title: str) -> None:
    """The figure."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    axes.plot(COUNTS, [seconds["a"] * count for count in COUNTS], ":", color="0.6", label="Trainer + PEFT, fp32")
    axes.plot(COUNTS, [seconds["b"] * count for count in COUNTS], "--", color="0.4", label="Trainer + PEFT, bf16")
    axes.plot(COUNTS, [seconds[str(count)] for count in COUNTS], "o-", color="#0072b2", label="tunefork")
    axes.set(xlabel="runs in the study", ylabel="seconds", title=title, xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
