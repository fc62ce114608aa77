"""Twenty heads (five learning rates, four seeds) as one study against one head with Trainer, three epochs each.

    python -m benchmarks.twenty_heads --data DIR [--rows 8000]

Both from beginning to end: tunefork with its plan, its checks and its twenty saved models. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from benchmarks.study_vs_trainer.study import Setting
from benchmarks.study_vs_trainer.trainer import LEGS
from benchmarks.study_vs_trainer.workers import Worker

RATES = ("1e-3", "3e-3", "1e-2", "3e-2", "1e-1")
HEADS = tuple((f"head:learning_rate={rate}", seed) for rate in RATES for seed in range(4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", choices=["sst2", "imdb"], default="sst2")
    parser.add_argument("--rows", type=int, default=8000)
    options = parser.parse_args()
    setting = Setting(options.set, options.rows, 872, options.data.resolve(), HEADS, rate=None, epochs=3)
    seconds = {}
    with Worker("c", setting, "cpu") as worker, TemporaryDirectory() as folder:
        found = worker.call("whole", Path(folder) / "study")
        seconds["tunefork, twenty heads"] = found["seconds"]
        seconds["  of it training and evaluation"] = found["training_seconds"]
    one = replace(setting, runs=HEADS[:1])
    for name in ("b", "a"):
        with Worker(name, one, "cpu") as worker:
            seconds[f"one head, {LEGS[name].says}"] = worker.call("whole", one.configs()[0])["seconds"]
    for says, value in seconds.items():
        print(f"{says:56} {value:7.1f} s")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
