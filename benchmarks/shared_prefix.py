"""What frozen blocks give, of two workers: seconds and memory of a study whose runs all have a frozen prefix.

    python -m benchmarks.shared_prefix [--rows 1000] [--steps 20] [--model builtin:minilm]

Memory is the most that all workers had together, pages that they share counted once (PSS, Linux); CPU seconds are
those of all of them. To compare with another version of the package, put that first in PYTHONPATH. Ends with a line
of JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import threading
import time
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import psutil

from tunefork import Head, LastLayers, Study, load_data


class Memory:
    """The most that this process's children had together, in MiB; a context."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except psutil.Error:  # it has just ended
                    continue
            self.peak = max(self.peak, total / 2**20)


def cpu_seconds() -> float:
    """Of the children that have ended."""
    used = os.times()
    return used.children_user + used.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", default="builtin:minilm")
    options = parser.parse_args()
    text = files("tunefork.demo").joinpath("messages.csv").read_text(encoding="utf-8")
    known = [(row["message"], row["intent"]) for row in csv.DictReader(text.splitlines())]
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            for _ in range(options.rows):
                chosen = [known[number] for number in draw.integers(len(known), size=4)]
                writer.writerow([" ".join(message for message, _ in chosen), chosen[0][1]])
        study = Study(
            model=options.model, data=load_data(str(folder / "rows.csv"), max_length=128),
            compare=[LastLayers(learning_rate=[1e-4, 3e-4]), Head(learning_rate=[1e-3, 1e-2])],
            training={"steps": options.steps, "batch_size": 16, "precision": "fp32", "eval_every": options.steps},
        )  # fmt: skip
        study.plan(timings=False, workers=2)  # reads and encodes
        began, used = time.perf_counter(), cpu_seconds()
        with Memory() as memory:
            study.run(folder / "out", progress=False, workers=2)
        took = {"seconds": time.perf_counter() - began, "cpu_seconds": cpu_seconds() - used, "peak_mib": memory.peak}
        print(json.dumps({name: round(value, 1) for name, value in took.items()}))


if __name__ == "__main__":
    main()
