"""A study's settings with sizes for seconds: fewer rows a batch, steps, seeds and trials. What is compared stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefork.config import Configuration, Search, StudyConfig, TrainingConfig

MOST = {"batch_size": 16, "accumulation": 2, "eval_batch_size": 32, "epochs": 2, "steps": 12, "log_every": 2}
"""Of these settings of training."""
WARMUP, EVALUATION = 2, 4
"""Steps, where a study gives a number of them."""
SEEDS, TRIALS, SECONDS = 2, 3, 20.0


def reduced_training(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of training, as a study file has them, none larger than here.

    >>> reduced_training({"batch_size": 64, "warmup": 500, "eval_every": "0.5 epochs"})
    {'batch_size': 16, 'warmup': 2, 'eval_every': '0.5 epochs'}
    """
    found = dict(settings)
    for name, value in settings.items():
        if name in MOST and value is not None:
            found[name] = min(value, MOST[name])
        elif name == "warmup" and value >= 1:
            found[name] = WARMUP
        elif name == "eval_every" and isinstance(value, int):
            found[name] = min(value, EVALUATION)
    return found


def reduced(study: StudyConfig) -> StudyConfig:
    """The study with fewer and smaller steps, seeds and trials; its data and model are left to the caller."""
    training = TrainingConfig.model_validate(reduced_training(study.training.model_dump()))
    changes = {
        "training": training,
        "seeds": study.seeds[:SEEDS],
        "compare": tuple(_entry(entry) for entry in study.compare),
        "search": None if study.search is None else _search(study.search),
    }
    return study.model_copy(update=changes)


def _entry(entry: Configuration) -> Configuration:
    seeds = entry.seeds
    if seeds is not None:
        seeds = min(seeds, SEEDS) if isinstance(seeds, int) else list(seeds)[:SEEDS]
    training = reduced_training(entry.training)
    return Configuration(entry.kind, entry.settings, block=entry.block, seeds=seeds, training=training)


def _search(search: Search) -> Search:
    """At least one trial goes on where two of three are given up."""
    time = None if search.time is None else min(search.time, SECONDS)
    trials = min(search.trials or TRIALS, TRIALS)
    return search.model_copy(update={"trials": trials, "batch": min(search.batch, TRIALS), "time": time})
