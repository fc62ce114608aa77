"""What ten minutes give: tunefork, TF-IDF with logistic regression, and SetFit, on the same rows and the same machine.

    python -m benchmarks.ten_minutes --data DIR [--set "SST-2"] [--leg tunefork] [--time 10m] [--setfit PYTHON]

One leg after another, each alone on the machine. tunefork: ``compare --time`` with its default configurations. TF-IDF:
on all training rows. SetFit (Tunstall et al. 2022, arXiv 2209.11055), in a Python of its own that has it installed: the
same encoder, its contrastive training for what the time leaves beside embedding the rows, and logistic regression.
Every leg answers the same test rows, so that the differences are paired. What a leg answered is kept in ``--work``: a
leg that is there is not run again, unless it is named with ``--leg``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Callable
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

LEGS = ("tunefork", "tfidf", "setfit")


def study_of(one: Set, folder: Path, budget: str) -> Study:
    """The study that ``tunefork compare --time`` makes of a data set."""
    plain = {
        "name": one.key,
        "model": one.model,
        "data": one.data,
        "seeds": TIMED_SEEDS,
        "compare": [parse_run(each).written() for each in DEFAULT_RUNS],
        "search": {"time": budget},
    }
    return Study.from_config(build_study(plain), folder)


def ours(study: Study, out: Path) -> dict[str, Any]:
    """tunefork's answers: those of the recommended configuration's saved model."""
    shutil.rmtree(out, ignore_errors=True)
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
        "trials": len(store.trials()),
        "ids": list(answers.ids),
        "predicted": answers.predicted.tolist(),
        "labels": answers.labels.tolist(),
    }


def classical(splits: Splits) -> dict[str, Any]:
    """TF-IDF and logistic regression, on all training rows."""
    found = tfidf(splits)
    assert found is not None
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


def kept(path: Path, again: bool, leg: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a leg answered, from its file where it is there."""
    if again or not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(leg()))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def ways_of(one: Set, folder: Path, budget: str, setfit_python: str | None, work: Path) -> dict[str, Any]:
    """The legs that a data set has, by name, as functions."""
    study = study_of(one, folder, budget)
    ways: dict[str, Any] = {"tunefork": lambda: ours(study, work / "study")}
    if one.texts:
        splits = study_of(one, folder, budget).read()
        ways["tfidf"] = lambda: classical(splits)
        length = int(one.data["max_length"])
        if setfit_python:
            seconds = float(in_seconds(budget))
            ways["setfit"] = lambda: setfit(setfit_python, splits, seconds, length, work / "setfit")
    return ways


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", action="append", dest="sets")
    parser.add_argument("--leg", action="append", dest="legs", choices=LEGS, help="Run these, and no others.")
    parser.add_argument("--time", default="10m")
    parser.add_argument("--setfit", help="A Python in which SetFit is installed.")
    parser.add_argument("--work", type=Path, default=Path("ten-minutes"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    for one in SETS:
        if options.sets and one.name not in options.sets:
            continue
        work = options.work / one.key
        ways = ways_of(one, options.data.resolve(), options.time, options.setfit, work)
        for leg in options.legs or LEGS:
            if leg in ways:
                kept(work / f"{leg}.json", leg in (options.legs or ()), ways[leg])
        legs = {leg: json.loads(path.read_text()) for leg in LEGS if (path := work / f"{leg}.json").is_file()}
        if "tunefork" in legs:
            report(one, legs, options.time, options.out)


def report(one: Set, legs: dict[str, dict[str, Any]], budget: str, out: Path) -> None:
    """Keep and print what the legs scored."""
    large = ("ids", "predicted", "labels")
    plain = {key: {name: value for name, value in leg.items() if name not in large} for key, leg in legs.items()}
    date = time.strftime("%Y-%m-%d")
    document = {"set": one.name, "date": date, "budget": budget, "legs": plain, "scores": compared(legs)}
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{date}-ten-minutes-{one.key}.json").write_text(json.dumps(document, indent=1) + "\n")
    print(one.name, json.dumps(document["scores"]), json.dumps(plain), flush=True)


if __name__ == "__main__":
    main()
