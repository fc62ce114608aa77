"""What ten minutes give: tunefork, TF-IDF with logistic regression, and SetFit, on the same rows and the same machine.

    python -m benchmarks.ten_minutes --data DIR [--set "SST-2"] [--time 10m] [--setfit PYTHON] [--out DIR]

One leg after another, each alone on the machine. tunefork: ``compare --time`` with its default configurations. TF-IDF:
on all training rows. SetFit (Tunstall et al. 2022, arXiv 2209.11055), in a Python of its own that has it installed: the
same encoder, its contrastive training for what the time leaves beside embedding the rows, and logistic regression.
Every leg answers the same test rows, so that the differences are paired.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ten_minutes.sets import SETS, Set
from tunefork.baselines import tfidf
from tunefork.cli.compare import DEFAULT_RUNS, TIMED_SEEDS
from tunefork.config import parse_run
from tunefork.config.judging import seconds as in_seconds
from tunefork.data import Splits
from tunefork.store import SqliteStore
from tunefork.study import Study
from tunefork.study_file import build_study
from tunefork.uncertainty import difference_of, mcnemar, wilson


def study_of(one: Set, folder: Path, budget: str) -> Study:
    """The study that ``tunefork compare --time`` makes of a data set."""
    plain = {
        "name": one.name.lower().replace(" ", "-"),
        "model": one.model,
        "data": one.data,
        "seeds": TIMED_SEEDS,
        "compare": [parse_run(each).written() for each in DEFAULT_RUNS],
        "search": {"time": budget},
    }
    return Study.from_config(build_study(plain), folder)


def ours(study: Study, out: Path, budget: str) -> dict[str, Any]:
    """tunefork's answers: those of the recommended configuration's saved model."""
    began = time.time()
    results = study.run(out, progress=False)
    took = time.time() - began
    document = results.to_dict()
    name = document["verdict"]["recommended"] or document["verdict"]["best"]
    runs = [run for run in document["runs"] if run["name"] == name and run["status"] == "done"]
    chosen = min(runs, key=lambda run: run["validation"]["loss"])
    store = SqliteStore.open(out)
    answers = store.predictions(chosen["id"], "test")
    return {
        "seconds": took,
        "configuration": name,
        "final_runs": len([run for run in document["runs"] if run["status"] == "done"]),
        "rows": document["rows"],
        "notices": [each for each in document["notices"] if "time" in each],
        "ids": list(answers.ids),
        "predicted": answers.predicted.tolist(),
        "labels": answers.labels.tolist(),
        "trials": len(store.trials()),
    }


def classical(splits: Splits) -> dict[str, Any] | None:
    """TF-IDF and logistic regression, on all training rows."""
    found = tfidf(splits)
    if found is None:
        return None
    return {"seconds": found.seconds, "ids": list(splits.test.ids), "predicted": found.logits.argmax(axis=1).tolist()}


def setfit(python: str, splits: Splits, budget: float, max_length: int, work: Path) -> dict[str, Any]:
    """SetFit's answers, from a process of its own."""
    work.mkdir(parents=True, exist_ok=True)
    rows = {
        split.name: {"texts": [parts[0] for parts in split.texts], "labels": split.labels.tolist()}
        for split in splits.present()
    }
    (work / "rows.json").write_text(json.dumps({"rows": rows, "seconds": budget, "max_length": max_length}))
    script = Path(__file__).with_name("setfit_leg.py")
    began = time.time()
    subprocess.run([python, str(script), str(work / "rows.json"), str(work / "answers.json")], check=True)
    found: dict[str, Any] = json.loads((work / "answers.json").read_text())
    return {"seconds": time.time() - began, "ids": list(splits.test.ids), **found}


def compared(legs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Accuracies with intervals, and tunefork's difference to each other leg on the rows that both answered."""
    truth = dict(zip(legs["tunefork"]["ids"], legs["tunefork"]["labels"]))
    right = {
        name: {row: said == truth[row] for row, said in zip(leg["ids"], leg["predicted"]) if row in truth}
        for name, leg in legs.items()
    }
    rows = [row for row in truth if all(row in own for own in right.values())]
    found: dict[str, Any] = {}
    for name, own in right.items():
        scores = np.array([own[row] for row in rows])
        interval = wilson(int(scores.sum()), len(scores))
        found[name] = {"accuracy": float(scores.mean()), "interval": [interval.low, interval.high], "rows": len(rows)}
        if name != "tunefork":
            mine = np.array([right["tunefork"][row] for row in rows])
            difference = difference_of(mine[None], scores[None])
            found[name]["tunefork_ahead"] = difference.value
            found[name]["ahead_interval"] = [difference.interval.low, difference.interval.high]
            found[name]["p_value_mcnemar"] = mcnemar(mine, scores)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", action="append", dest="sets")
    parser.add_argument("--time", default="10m")
    parser.add_argument("--setfit", help="A Python in which SetFit is installed.")
    parser.add_argument("--work", type=Path, default=Path("ten-minutes"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    for one in SETS:
        if options.sets and one.name not in options.sets:
            continue
        name = one.name.lower().replace(" ", "-")
        study = study_of(one, options.data.resolve(), options.time)
        legs = {"tunefork": ours(study, options.work / name, options.time)}
        if one.texts:
            splits = study_of(one, options.data.resolve(), options.time).read()
            legs["TF-IDF + logistic regression"] = classical(splits) or {}
            if options.setfit:
                length = int(one.data["max_length"])
                budget = float(in_seconds(options.time))
                legs["SetFit"] = setfit(options.setfit, splits, budget, length, options.work / f"{name}-setfit")
        scores = compared({key: leg for key, leg in legs.items() if leg})
        plain = {
            key: {k: v for k, v in leg.items() if k not in ("ids", "predicted", "labels")} for key, leg in legs.items()
        }
        document = {
            "set": one.name,
            "date": time.strftime("%Y-%m-%d"),
            "budget": options.time,
            "legs": plain,
            "scores": scores,
        }
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{document['date']}-ten-minutes-{name}.json").write_text(json.dumps(document, indent=1) + "\n")
        print(one.name, json.dumps(scores), json.dumps(plain), file=sys.stdout, flush=True)


if __name__ == "__main__":
    main()
