"""What the driver does for many runs: planning, recording, and the report."""

from __future__ import annotations

import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scale.made_up import fill
from tunefork.report import summarise, to_json, verdict
from tunefork.store import SqliteStore


def storing(runs: int) -> dict[str, Any]:
    """Microseconds of each kind of write, of the first and last tenth of so many runs; and what reading takes."""
    with tempfile.TemporaryDirectory() as folder:
        took = fill(Path(folder), runs)
        found: dict[str, Any] = {"runs": runs, "register_seconds": sum(took.pop("register"))}
        for kind, seconds in took.items():
            part = max(1, len(seconds) // 10)
            first, last = statistics.median(seconds[:part]), statistics.median(seconds[-part:])
            found[kind] = {"first": 1e6 * first, "last": 1e6 * last, "mean": 1e6 * statistics.fmean(seconds)}
        found["megabytes"] = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
        began = time.process_time()
        SqliteStore.open(Path(folder)).runs()
        return found | {"read_seconds": time.process_time() - began}


def reporting(runs: int) -> dict[str, Any]:
    """CPU seconds of a report's parts, of so many runs with ten seeds of each configuration."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), runs)
        store = SqliteStore.open(Path(folder))
        began = time.process_time()
        summary = summarise(store)
        summarised = time.process_time()
        verdict(summary)
        judged = time.process_time()
        to_json(store)
        written = time.process_time()
        return {
            "runs": runs, "summary": summarised - began, "verdict": judged - summarised, "json": written - judged,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }  # fmt: skip


def planning(rates: int, seeds: int) -> dict[str, Any]:
    """CPU seconds and memory of a plan in a fresh process: what is looked at first, the plan, its order."""
    code = f"from benchmarks.scale.bookkeeping import _planned; _planned({rates}, {seeds})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ("runs", "groups", "look", "plan", "order", "peak_mb")
    return dict(zip(names, map(float, done.stdout.split()[-len(names) :])))


def _planned(rates: int, seeds: int) -> None:
    from benchmarks.scale.table import study
    from tunefork.plan import StepTiming
    from tunefork.plan.simulate import Costs
    from tunefork.runner import Places

    made = study(rates, seeds)
    times = [time.process_time()]
    made.preflight()
    times.append(time.process_time())
    alone = {run.config.configuration: StepTiming(0.1, 0.001) for run in made.expanded}
    plan = made.plan(places=Places(256, 1), costs=Costs("cpu", 1, "fp32", alone))
    times.append(time.process_time())
    plan.schedule()
    times.append(time.process_time())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = [after - before for before, after in itertools.pairwise(times)]
    print(len(plan.runs), len(plan.groups), *took, peak)
