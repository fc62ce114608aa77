"""A study of nine runs against nine trainings with transformers' Trainer and PEFT, side by side on one machine.

    python -m benchmarks.study_vs_trainer --study s0 --data DIR --set sst2 --rows 8000 --device cpu
    python -m benchmarks.study_vs_trainer --study s3 --data DIR --rows 2000      # IMDB; (a) pads to 512
    python -m benchmarks.study_vs_trainer --set demo --rows 1000                 # data that ships

Slices of every leg take turns, so that the machine's moods hit all alike; the medians over the slices, times the steps
and rows of the study, give the table and the ratios. ``--full`` also runs every leg once from beginning to end, leg by
leg; what is done is kept in ``--out`` and not done again. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

from tunefork.config import RunConfig
from tunefork.plan import makespan

from .limit import evaluation_flops, flops, matmul_rate
from .ours import Ours
from .study import SETS, STUDIES, Setting
from .trainer import LEGS, TIMED, WARM
from .workers import Crew, Worker

START = 8.0
"""Seconds until worker processes are ready: importing torch and transformers takes so long here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", choices=list(STUDIES), default="s0")
    parser.add_argument("--data", type=Path, default=Path(), help="the folder with the data sets")
    parser.add_argument("--set", choices=list(SETS), help="imdb512 for s3 unless given, else sst2")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--test", type=int, default=2000)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, default=50, help="optimizer steps of a slice")
    parser.add_argument("--warm", type=int, default=WARM, help="steps before them that are not timed")
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="also run every leg once, from beginning to end")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    options.set = options.set or ("imdb512" if options.study == "s3" else "sst2")
    setting = Setting(options.set, options.rows, options.test, options.data.resolve(), STUDIES[options.study])
    measured = slices(setting, options)
    document = {
        "date": time.strftime("%Y-%m-%d"), "machine": machine(), "study": options.study, "data": options.set,
        "rows": options.rows, "steps": options.steps, "slices": options.slices, **measured,
    }  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{document['date']}-{options.study}-{options.set}-{options.device}.json"
    if options.full:
        document["full"] = whole(setting, options, path.with_suffix(".full.json"))
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    show(document)
    print(json.dumps({key: document[key] for key in ("ratio_a", "ratio_b", "ratio_b_no_dropout", "utilisation")}))


def slices(setting: Setting, options: argparse.Namespace) -> dict[str, Any]:
    """Step and evaluation times of every leg, and what the study takes with them."""
    ours = Ours(setting)
    workers = {name: Worker(name, setting, options.device) for name in TIMED}
    crew = Crew(setting, options.device, ours.plan.workers, ours.plan.threads)
    runs = Counter(run.configuration for run in setting.configs())
    distinct = {run.configuration: run for run in reversed(setting.configs())}
    took: dict[str, dict[str, list[float]]] = {name: {} for name in (*TIMED, "c")}
    rows: dict[str, dict[str, float]] = {name: {} for name in TIMED}
    rates = []
    for part in range(options.slices):
        rates.append(matmul_rate(options.device))
        for key, run in distinct.items():
            for name in TIMED:
                took[name].setdefault(key, []).append(
                    workers[name].call("steps", run, options.steps, part, options.warm)
                )
                if part == 0:
                    rows[name][key] = workers[name].call("evaluation", run, 256)
        for number, group in enumerate(ours.groups):
            took["c"].setdefault(str(number), []).append(
                crew.together("steps", group, options.steps, part, options.warm)
            )
    train, test = ours.study.splits.rows["train"], ours.study.splits.rows["test"]
    steps = -(-train // 16)
    seconds = {
        name: sum(
            runs[key] * (statistics.median(times) * steps + rows[name][key] * test) for key, times in took[name].items()
        )
        for name in TIMED
    }
    parts = {}
    for number, group in enumerate(ours.groups):
        training = statistics.median(took["c"][str(number)]) * steps
        prefix = crew.together("prefix", group, 1024) * train if group.depth else 0.0
        parts[str(number)] = training + prefix + crew.together("evaluation", group, 256) * test
    seconds["c"] = makespan(list(parts.values()), ours.plan.workers)
    if ours.plan.workers > 1:  # processes have to start, which one alone has done before
        seconds["c"] += START
    peaks = {name: worker.peak_mib() for name, worker in workers.items()}
    peaks["c"] = crew.peak_mib()
    for worker in (*workers.values(), crew):
        worker.close()
    needed = _needed(ours, setting.configs()) / statistics.median(rates)
    return {
        "seconds": seconds,
        "step_ms": {
            **{
                name: {distinct[key].strategy.label(): statistics.median(times) * 1e3 for key, times in each.items()}
                for name, each in took.items()
                if name != "c"
            },
            "c": {
                _title(ours, number): statistics.median(took["c"][str(number)]) * 1e3
                for number in range(len(ours.groups))
            },
        },
        "parts_seconds": {_title(ours, int(number)): value for number, value in parts.items()},
        "tokens": float(ours.study.encoded.rows.train.lengths.mean()),
        "peak_mib": peaks,
        "at_once": [ours.plan.workers, ours.plan.threads],
        "matmul_tflops": statistics.median(rates) / 1e12,
        "limit_seconds": needed,
        "ratio_a": seconds["a"] / seconds["c"],
        "ratio_b": seconds["b"] / seconds["c"],
        "ratio_b_no_dropout": seconds["b_no_dropout"] / seconds["c"],
        "utilisation": needed / seconds["c"],
    }


def whole(setting: Setting, options: argparse.Namespace, path: Path) -> dict[str, Any]:
    """Every leg once, from beginning to end; finished parts are read back from ``path``."""
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def keep(key: str, worker: Worker, *call: Any) -> None:
        if key not in done:
            done[key] = {**worker.call("whole", *call), "peak_mib": worker.peak_mib()}
            path.write_text(json.dumps(done, indent=1), encoding="utf-8")

    for name in TIMED:
        with Worker(name, setting, options.device) as worker:
            for run in setting.configs():
                keep(f"{name}/{run.id}", worker, run)
    with Worker("c", setting, options.device) as worker, TemporaryDirectory() as folder:
        keep("c", worker, Path(folder) / "study")
    totals = {
        name: sum(value["seconds"] for key, value in done.items() if key.startswith(f"{name}/")) for name in TIMED
    }
    return {"seconds": {**totals, "c": done["c"]["seconds"]}, "runs": done}


def _needed(ours: Ours, runs: list[RunConfig]) -> float:
    rows, anatomy = ours.study.encoded.rows, ours.study.backbone.anatomy
    assert rows.test is not None
    total = 0.0
    for run in runs:
        selection = ours.study.selections[run.configuration]
        total += flops(run, selection, anatomy, rows.train.lengths) + evaluation_flops(anatomy, rows.test.lengths)
    return total


def _title(ours: Ours, number: int) -> str:
    runs = [ours.configs[run] for run in ours.groups[number].runs]
    return runs[0].strategy.label() if len(runs) == 1 else f"{len(runs)} runs at once"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    try:
        names = [
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ]
        flags = set(Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split())
    except OSError:
        names, flags = [platform.processor()], set()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    return {
        "cpu": f"{len(names)} × {names[0]}", "bf16": sorted(flags & {"amx_bf16", "avx512_bf16"}),
        "threads": torch.get_num_threads(), "torch": torch.__version__, "transformers": transformers.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None, "commit": commit.strip(),
    }  # fmt: skip


def show(document: dict[str, Any]) -> None:
    """The table for people."""
    names = {**{name: LEGS[name].says for name in TIMED}, "c": "tunefork"}
    print(f"{document['study']} on {document['data']}: {document['rows']:,} rows, {document['tokens']:.0f} tokens each")
    print(document["machine"])
    for name, says in names.items():
        seconds = document["seconds"][name]
        ratio, peak = seconds / document["seconds"]["c"], document["peak_mib"][name]
        print(f"  {says:42} {seconds:8.0f} s  {ratio:5.2f} ×  {peak:6.0f} MiB at most")
        for run, each in document["step_ms"][name].items():
            print(f"      {run:56} {each:8.1f} ms a step")
    print(
        f"  bf16 products: {document['matmul_tflops']:.2f} TFLOP/s; "
        f"the study needs {document['limit_seconds']:.0f} s of them"
    )


if __name__ == "__main__":
    main()
