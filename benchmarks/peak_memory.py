"""Peak memory of eight LoRA runs in one pass against one full fine-tuning with Trainer.

    python -m benchmarks.peak_memory --data DIR [--rows 8000] [--steps 40]

The most memory that a process of each side has had, Python, libraries and the model included. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from benchmarks.study_vs_trainer.study import Setting
from benchmarks.study_vs_trainer.trainer import LEGS
from benchmarks.study_vs_trainer.workers import Worker
from tunefork.plan import Group

LORA = tuple((f"lora:rank=8,targets=query+value,learning_rate={1 + number}e-4", number % 2) for number in range(8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", choices=["sst2", "imdb"], default="sst2")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    setting = Setting(options.set, options.rows, 872, options.data.resolve(), LORA, rate=None)
    peaks: dict[str, float] = {}
    with Worker("c", setting, "cpu") as worker:
        peaks["tunefork, before training"] = worker.peak_mib()
        worker.call("steps", Group(tuple(run.id for run in setting.configs())), options.steps, 0)
        peaks["tunefork, eight LoRA runs at once"] = worker.peak_mib()
    full = Setting(options.set, options.rows, 872, options.data.resolve(), (("full", 0),))
    for name in ("a", "b"):
        with Worker(name, full, "cpu") as worker:
            worker.call("steps", full.configs()[0], options.steps, 0)
            peaks[f"one full fine-tuning, {LEGS[name].says}"] = worker.peak_mib()
    for says, peak in peaks.items():
        print(f"{says:72} {peak:6.0f} MiB")
    values = list(peaks.values())
    print(json.dumps({"peak_mib": peaks, "ratio_a": values[1] / values[2], "ratio_b": values[1] / values[3]}))


if __name__ == "__main__":
    main()
