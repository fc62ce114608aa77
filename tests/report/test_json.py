from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.report import studies
from tests.report.studies import S0, make, run_id
from tunefork.report import to_json, verdict, write_report
from tunefork.report.summary import summarise


def test_one_entry_per_training(tmp_path: Path) -> None:
    store = make(tmp_path)
    content = to_json(store)
    assert (content["study"], content["task"]) == ("sst2-ablation", "text-classification")
    assert content["model"] == "distilbert/distilbert-base-uncased"
    assert [run["id"] for run in content["runs"]] == [run.id for run in store.runs()]
    run = content["runs"][6]
    (test,) = store.evaluations(run["id"], "test")
    assert {key: run[key] for key in ("name", "strategy", "seed", "status", "split")} == {
        "name": "LoRA r=8 query+value+mlp",
        "strategy": "lora",
        "seed": 0,
        "status": "done",
        "split": "test",
    }
    assert [run[part] for part in ("adapter", "head", "backbone", "trainable")] == [516_096, 592_130, 0, 1_108_226]
    assert run["blocks"] == ["methods", "rank", "layers"]
    assert (run["loss"], run["accuracy"], run["macro_f1"]) == (test.loss, test.accuracy, test.macro_f1)
    kept = next(one for one in store.evaluations(run["id"], "validation") if one.step == run["best_step"])
    assert run["validation"] == {
        "loss": kept.loss,
        "accuracy": kept.accuracy,
        "macro_f1": kept.macro_f1,
        "f1": kept.f1,
        "step": kept.step,
    }
    assert (run["seconds_alone"], run["peak_memory_mb"]) == (88.0, 1200.0)
    assert content["best"] == run_id(S0[0], 2)
    found = verdict(summarise(store))
    assert content["verdict"] == {
        "best": "full",
        "tied": [one.name for one in found.tied],
        "recommended": found.recommended.name if found.recommended else None,
        "metric": "accuracy",
        "margin": 0.01,
        "sentences": list(found.sentences),
    }


def test_configurations_tell_how_they_compare(tmp_path: Path) -> None:
    full, head = to_json(make(tmp_path, S0[:2]))["configurations"]
    assert "against_best" not in full
    assert head["against_best"]["outcome"] == "worse"
    assert head["against_best"]["interval"][1] < 0
    assert head["runs"] == [run_id(S0[1], seed) for seed in range(3)]


def test_it_is_strictly_valid(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], environment={"threads": np.int64(8), "flags": ("a", "b"), "folder": tmp_path})
    (test,) = store.evaluations(run_id(S0[0], 0), "test")
    store.add_evaluation(replace(test, loss=math.nan), store.predictions(test.run, "test"))
    studies.change(store, S0[1], 0, peak_memory_mb=math.inf)
    content = json.loads(json.dumps(to_json(store), allow_nan=False))
    assert content["runs"][0]["loss"] is None
    assert content["runs"][3]["peak_memory_mb"] is None
    assert content["environment"] == {"threads": 8, "flags": ["a", "b"], "folder": str(tmp_path)}


def test_where_numbers_come_from(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1, rows=0)
    studies.change(store, S0[1], 0, status="diverged", reason="loss is nan")
    full, head = to_json(store)["runs"]
    assert full["split"] == "validation"
    assert full["accuracy"] == full["validation"]["accuracy"]
    assert (head["split"], head["accuracy"], head["validation"]["loss"]) == (None, None, None)
    assert (head["status"], head["reason"]) == ("diverged", "loss is nan")


def test_nothing_finished_has_no_best(tmp_path: Path) -> None:
    assert to_json(make(tmp_path, ()))["best"] is None


def test_files_that_are_there(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1])
    assert to_json(store)["files"] == []
    write_report(store)
    assert to_json(store)["files"] == ["report.html", "table.md", "table.csv"]
