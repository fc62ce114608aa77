"""Seconds of a study against its number of runs: 1, 2, 4 … 32 LoRA runs (four learning rates, then more seeds).

    python -m benchmarks.runs_and_seconds --data DIR [--set sst2] [--rows 8000] [--figure FILE]

Measures steps of the groups that the planner makes, and of Trainer + PEFT for one run, in slices that take turns; times
the steps of one epoch. Prints a table, draws the figure, and ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from benchmarks.study_vs_trainer.__main__ import machine
from benchmarks.study_vs_trainer.ours import Ours
from benchmarks.study_vs_trainer.study import Setting
from benchmarks.study_vs_trainer.trainer import LEGS, Script

COUNTS = (1, 2, 4, 8, 16, 32)
RATES = ("1e-4", "3e-4", "1e-3", "3e-3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", choices=["sst2", "imdb"], default="sst2")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--slices", type=int, default=2)
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/runs_and_seconds.png"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    rates = [f"lora:rank=8,targets=query+value,learning_rate={rate}" for rate in RATES]
    runs = tuple((rates[number % len(rates)], number // len(rates)) for number in range(max(COUNTS)))
    setting = Setting(options.set, options.rows, 2000, options.data.resolve(), runs, rate=None)
    studies = {count: Ours(replace(setting, runs=runs[:count])) for count in COUNTS}
    scripts = {name: Script(LEGS[name], setting, "cpu") for name in ("a", "b")}
    first = studies[1].configs[studies[1].groups[0].runs[0]]
    took: dict[str, list[float]] = {}
    for part in range(options.slices):
        for name, script in scripts.items():
            took.setdefault(name, []).append(script.steps(first, options.steps, part))
        for count, ours in studies.items():
            steps = sum(ours.steps(group, options.steps, part) for group in ours.groups)
            took.setdefault(str(count), []).append(steps)
    epoch = -(-options.rows // 16)
    seconds = {name: statistics.median(times) * epoch for name, times in took.items()}
    print(f"{'runs':>5} {'passes':>7} {'tunefork':>10} {'a run':>8} {'Trainer bf16':>13} {'ratio':>6}")
    for count, ours in studies.items():
        own, theirs = seconds[str(count)], seconds["b"] * count
        print(f"{count:5} {len(ours.groups):7} {own:8.0f} s {own / count:6.1f} s {theirs:11.0f} s {theirs / own:5.1f}×")
    document = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "data": options.set, "seconds": seconds}
    path = options.out / f"{document['date']}-runs-{options.set}-cpu.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draw(seconds, options.figure, f"one epoch of {options.rows:,} rows, {options.set}")
    print(json.dumps({"slope": _slope(seconds), "trainer_b": seconds["b"], "trainer_a": seconds["a"]}))


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
