"""The planner's memory of a run against the peak that was measured, one configuration in a process at a time.

    python -m benchmarks.memory_model [--model builtin:minilm] [--batches 8,32] [--runs full,head,last_layers,lora]

The estimate is without Python and its libraries, so what the process had before the model was read is taken off the
measured peak. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
RUNS = ("full", "head", "last_layers", "lora")


def measured(model: str, run: str, batch: int) -> dict[str, Any]:
    """One configuration, here: ``estimate_mib`` and ``peak_mib``."""
    import psutil
    import torch
    import transformers  # noqa: F401  a library, not the model's

    from tunefork import Full, Head, LastLayers, LoRA, Study, load_data

    compare = dict(zip(RUNS, (Full(), Head(), LastLayers(), LoRA(rank=8))))[run]
    torch.ones(64, 64) @ torch.ones(64, 64)
    text = files("tunefork.demo").joinpath("messages.csv").read_text(encoding="utf-8")
    known = [(row["message"], row["intent"]) for row in csv.DictReader(text.splitlines())][:400]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows([" ".join([message] * 3), label] for message, label in known)
        study = Study(
            model=model, data=load_data(str(path), max_length=64), compare=[compare],
            training={"steps": 6, "batch_size": batch, "precision": "fp32", "eval_every": 6, "checkpointing": "off"},
        )  # fmt: skip
        before = psutil.Process().memory_info().rss / 2**20
        (planned,) = study.plan(timings=False, workers=1).runs
        (record,) = study.run(Path(name) / "out", progress=False, workers=1).to_dict()["runs"]
    return {
        "run": run, "batch": batch, "before_mib": before, "estimate_mib": planned.memory_mib,
        "peak_mib": record["peak_memory_mb"] - before,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="builtin:minilm")
    parser.add_argument("--batches", default="8,32")
    parser.add_argument("--runs", default=",".join(RUNS))
    parser.add_argument("--here", action="store_true", help="one configuration, in this process")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measured(options.model, options.runs, int(options.batches))))
        return
    found = []
    for run in options.runs.split(","):
        for batch in options.batches.split(","):
            command = [sys.executable, "-m", "benchmarks.memory_model", "--here", "--model", options.model]
            done = subprocess.run(
                [*command, "--runs", run, "--batches", batch], stdout=subprocess.PIPE, text=True, check=True
            )
            one = json.loads(done.stdout.splitlines()[-1])
            one["ratio"] = one["peak_mib"] / one["estimate_mib"]
            found.append(one)
            print(
                f"{run:12} {batch:>4} rows: estimated {one['estimate_mib']:6.0f} MiB, "
                f"measured {one['peak_mib']:6.0f} MiB, {one['ratio']:.2f} x",
                flush=True,
            )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
