"""A run's records as the numbers that trackers are told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tunefork.store import EvaluationRecord, RunRecord, Store
from tunefork.trackers.protocol import EVERY_END, Key, Point


def points_of(run: RunRecord, store: Store) -> list[Point]:
    """Every number that is on record of a run, by its step."""
    found = [
        Point(Key(f"train/{name}", step.step), value)
        for step in store.steps(run.id)
        for name, value in (("loss", step.loss), ("learning_rate", step.learning_rate))
    ]
    evaluations = store.evaluations(run.id)
    found += [point for each in evaluations for point in _evaluation(each, each.split, each.step)]
    if run.status in EVERY_END:
        found += _end(run, evaluations)
    return sorted(found, key=lambda point: point.key.step)


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, bool | int | float | str]:
    """Settings inside settings, by dotted name; lists as words.

    >>> flat({"seed": 0, "training": {"epochs": 3.0, "betas": [0.9, 0.999], "steps": None}})
    {'seed': 0, 'training.epochs': 3.0, 'training.betas': '0.9, 0.999', 'training.steps': 'None'}
    """
    found: dict[str, bool | int | float | str] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}.")
        elif isinstance(value, bool | int | float | str):
            found[name] = value
        else:
            found[name] = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return found


def _evaluation(record: EvaluationRecord, prefix: str, step: int) -> Iterator[Point]:
    """Every metric that is known."""
    names = dict.fromkeys(["accuracy", "macro_f1", "f1", *record.scores])
    yield Point(Key(f"{prefix}/loss", step), record.loss)
    for name in names:
        if name != "loss" and math.isfinite(value := record.metric(name)):
            yield Point(Key(f"{prefix}/{name}", step), value)


def _end(run: RunRecord, evaluations: list[EvaluationRecord]) -> Iterator[Point]:
    """What is known of a run once it has ended, at its last step."""
    figures = {
        "steps": run.steps,
        "seconds": run.seconds,
        "trainable_parameters": run.counts.trainable,
        "parameters": run.counts.total,
        "peak_memory_mb": run.peak_memory_mb,
        "latency_ms": run.latency_ms,
    }
    if run.best_step is not None:
        figures["best_step"] = run.best_step
    for name, value in figures.items():
        if value or name in ("steps", "best_step"):
            yield Point(Key(f"final/{name}", run.steps), float(value))
    for split in ("validation", "test"):
        kept = [each for each in evaluations if each.split == split and each.step == run.best_step]
        for record in kept:
            yield from _evaluation(record, f"final/{split}", run.steps)
