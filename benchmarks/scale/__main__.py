"""A study's schedule on paper: the table, and whether it can be believed.

    python -m benchmarks.scale --table          # 10, 1,000 and 100,000 runs on 1, 8 and 256 devices, and the figure
    python -m benchmarks.scale --real 3         # a short study with one and two workers, against what was predicted
    python -m benchmarks.scale --sleeping 3     # the same of pools whose workers sleep
    python -m benchmarks.scale --bookkeeping    # planning, recording and reporting of many runs

Each prints what it found and puts it into ``benchmarks/results/DATE-scale.json`` beside what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from benchmarks.scale import bookkeeping, real, table
from benchmarks.scale.sleeping import sleep_through
from benchmarks.study_vs_trainer.__main__ import machine
from tunefork.plan.simulate import Overheads, Task, simulate

SLEEPS = [1.6, 1.2, 0.9, 0.8, 0.8, 0.6, 0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.2, 0.1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--real", type=int, default=0, metavar="ROUNDS")
    parser.add_argument("--steps", type=int, default=12, help="of each run with --real")
    parser.add_argument("--sleeping", type=int, default=0, metavar="ROUNDS")
    parser.add_argument("--bookkeeping", action="store_true")
    parser.add_argument("--most", type=int, default=100_000, help="runs that are made up with --bookkeeping")
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/scale.png"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.table:
        cells = table.table(Overheads())
        table.show(cells)
        table.draw(cells, options.figure)
        found["table"] = table.plain(cells)
    if options.real:
        found["real"] = _real(options.real, options.steps)
    if options.sleeping:
        found["sleeping"] = _sleeping(options.sleeping)
    if options.bookkeeping:
        found["bookkeeping"] = _bookkeeping(options.most)
    path = options.out / f"{time.strftime('%Y-%m-%d')}-scale.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    document = {**before, "machine": machine(), **found}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _real(rounds: int, steps: int) -> list[dict[str, Any]]:
    made, found = real.study(steps), []
    start = statistics.median(real.starting() for _ in range(3))
    for _ in range(rounds):
        for workers in (1, 2):
            plan, costs = real.measured(made, workers)
            clock = real.train(made, workers)
            paper = real.predicted(plan, costs, workers, Overheads(start=start, kept=1.0))
            again = real.played_again(clock, plan, workers)
            found.append(
                {
                    "workers": workers, "wall": clock.ended, "wall_played_again": again, "cpu": clock.cpu,
                    "cpu_predicted": paper.busy + paper.starting, "start_cpu": start, "load": os.getloadavg()[0],
                    "groups": real.parts(clock, plan, costs),
                }
            )  # fmt: skip
            print(json.dumps({key: value for key, value in found[-1].items() if key != "groups"}), flush=True)
    for workers in (1, 2):
        own = [one for one in found if one["workers"] == workers]
        cpu = statistics.median(one["cpu"] / one["cpu_predicted"] for one in own)
        wall = statistics.median(one["wall"] / one["wall_played_again"] for one in own)
        print(f"{workers} workers: real / predicted: {cpu:.2f} in CPU seconds, {wall:.3f} on the wall, played again")
    return found


def _sleeping(rounds: int) -> list[dict[str, float]]:
    found = []
    for workers in (1, 2, 4, 8):
        paper = simulate([Task(each) for each in SLEEPS], 1, workers, Overheads(start=0.0)).makespan
        took = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                took.append(sleep_through(SLEEPS, workers, Path(folder)))
        found.append({"workers": workers, "predicted": paper, "took": statistics.median(took)})
        print(f"{workers} workers: predicted {paper:.2f} s, took {found[-1]['took']:.2f} s", flush=True)
    return found


def _bookkeeping(most: int) -> dict[str, Any]:
    found: dict[str, Any] = {"planning": [], "storing": [], "reporting": []}
    for rates, seeds in ((25, 4), (100, 10), (1000, 10)):
        if 10 * rates * seeds > most:
            continue
        found["planning"].append(bookkeeping.planning(rates, seeds))
        print(found["planning"][-1], flush=True)
    for runs in (each for each in (1_000, 10_000) if each <= most):
        found["storing"].append(bookkeeping.storing(runs))
        print(found["storing"][-1], flush=True)
    for runs in (each for each in (300, 1_000, 3_000) if each <= most):
        found["reporting"].append(bookkeeping.reporting(runs))
        print(found["reporting"][-1], flush=True)
    return found


if __name__ == "__main__":
    main()
