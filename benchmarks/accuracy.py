"""Are tunefork's models as good as Trainer's? Accuracy over five seeds, by two one-sided tests within one point.

    python -m benchmarks.accuracy --data DIR [--rows 8000] [--seeds 5] [--only full head] [--margin 1.0]

The seven configurations behind S0's nine rows, each at a rate at which it learns, one epoch of SST-2, the 1,821
labelled test rows. Trainer runs in bf16 with every switch, with the backbone's dropout and without, and without
grouping batches by length; tunefork as it ships. What is done is kept in ``--out`` and not done again. Equivalence:
Schuirmann 1987, with Welch's degrees of freedom. The last line is JSON.
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

from scipy.stats import ttest_ind

from benchmarks.study_vs_trainer.__main__ import machine
from benchmarks.study_vs_trainer.study import RUNS, Setting
from benchmarks.study_vs_trainer.trainer import LEGS
from benchmarks.study_vs_trainer.workers import Worker

RATES = {"full": "1e-4", "head": "1e-1", "lora": "5e-4"}
"""Where each strategy learns: at the study's shared 2e-5, head and LoRA stay at the majority class on both sides."""


CAREFUL = [name for name, leg in LEGS.items() if leg.careful]
"""Trainer's bf16, as tunefork's."""


def configurations(seeds: int, kinds: list[str]) -> tuple[tuple[str, int], ...]:
    """S0's distinct configurations of these kinds, each with its own rate and every seed."""
    texts = dict.fromkeys(text for text, _ in RUNS if text.split(":")[0] in kinds)
    return tuple(
        (f"{text}{',' if ':' in text else ':'}learning_rate={RATES[text.split(':')[0]]}", seed)
        for seed in range(seeds)
        for text in texts
    )


def equivalent(ours: list[float], theirs: list[float], margin: float) -> float:
    """The p value of two one-sided Welch tests that the means differ by less than ``margin``.

    >>> round(equivalent([0.80, 0.81, 0.82], [0.80, 0.81, 0.82], 0.1), 4) < 0.001
    True
    >>> equivalent([0.80, 0.81, 0.82], [0.90, 0.91, 0.92], 0.1) >= 0.5
    True
    """
    above = ttest_ind([value + margin for value in ours], theirs, equal_var=False, alternative="greater").pvalue
    below = ttest_ind([value - margin for value in ours], theirs, equal_var=False, alternative="less").pvalue
    return float(max(above, below))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(RATES), default=list(RATES), help="kinds of configurations")
    parser.add_argument("--margin", type=float, default=1.0, help="points")
    parser.add_argument("--legs", nargs="+", choices=CAREFUL, default=CAREFUL)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    runs = configurations(options.seeds, options.only)
    setting = Setting("sst2_test", options.rows, 2000, options.data.resolve(), runs, rate=None)
    kinds = "" if len(options.only) == len(RATES) else "-" + "-".join(options.only)
    path = options.out / f"accuracy-{options.rows}-{options.seeds}{kinds}.json"
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)

    def keep() -> None:
        path.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")

    if "tunefork" not in done:
        with Worker("c", setting, "cpu") as worker:
            found = worker.call("whole", Path(tempfile.mkdtemp()) / "study")
        done |= {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "tunefork": found}
        keep()
    for leg in options.legs:
        with Worker(leg, setting, "cpu") as worker:
            for run in setting.configs():
                if run.id not in done.setdefault(leg, {}):
                    done[leg][run.id] = worker.call("whole", run)
                    keep()
    rows = {leg: show(setting, done, leg, options.margin / 100) for leg in LEGS if leg in done}
    print(json.dumps(rows))


def show(setting: Setting, done: dict[str, Any], leg: str, margin: float) -> dict[str, Any]:
    """The table against one way of using Trainer."""
    by_row: dict[str, tuple[list[float], list[float]]] = {}
    for run in setting.configs():
        pair = by_row.setdefault(run.strategy.label(), ([], []))
        pair[0].append(done["tunefork"]["runs"][run.id]["accuracy"])
        if run.id in done[leg]:
            pair[1].append(done[leg][run.id]["accuracy"])
    print(f"against {LEGS[leg].says}")
    print(f"{'':44} {'tunefork':>14} {'Trainer':>14} {'difference':>10}  {'p (TOST)':>8}")
    rows = {}
    for label, (ours, theirs) in by_row.items():
        means = [100 * statistics.fmean(each) for each in (ours, theirs)]
        spreads = [100 * statistics.stdev(each) for each in (ours, theirs)]
        p = equivalent(ours, theirs, margin)
        rows[label] = {"tunefork": means[0], "trainer": means[1], "spreads": spreads, "p": p}
        print(
            f"{label:44} {means[0]:7.2f} ± {spreads[0]:4.2f} {means[1]:7.2f} ± {spreads[1]:4.2f} "
            f"{means[0] - means[1]:+10.2f}  {p:8.4f} {'equivalent' if p < 0.05 else ''}"
        )
    return rows


if __name__ == "__main__":
    main()
