"""A study of many runs as training would leave it in its store, with made-up answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.counts import Counts
from tunefork.metrics import Metrics, score
from tunefork.store import EvaluationRecord, Predictions, RunRecord, SqliteStore, StepRecord, StudyRecord

LABELS = ("late", "broken", "wrong")
ROWS = 200
STEPS = 10
"""Records of the training loss of each run."""


def fill(folder: Path, runs: int, seeds: int = 10) -> dict[str, list[float]]:
    """Write a study of so many runs; returns the seconds of each write, by kind."""
    store, draw = SqliteStore(folder), np.random.default_rng(0)
    rows = {"train": 1000, "validation": ROWS, "test": ROWS}
    store.begin(StudyRecord("many", "text-classification", "made-up", LABELS, rows, "0", majority={"accuracy": 0.4}))
    labels = draw.integers(0, len(LABELS), ROWS)
    ids = tuple(f"row {number}" for number in range(ROWS))
    took: dict[str, list[float]] = {}

    def timed(kind: str, write: Callable[..., Any], *given: Any) -> None:
        began = time.perf_counter()
        write(*given)
        took.setdefault(kind, []).append(time.perf_counter() - began)

    scores: dict[float, Metrics] = {}
    records = [_record(number // seeds, number % seeds) for number in range(runs)]
    timed("register", store.put_runs, records)
    for record in records:
        timed("clear", store.clear, record.id)
        timed("run", store.put_run, replace(record, status="running"))
        for step in range(STEPS):
            timed("step", store.add_step, StepRecord(record.id, step, step / STEPS, 1.0, 1e-3, 1.0))
        shift = 1.2 + 0.2 * (int(record.configuration[5:], 16) % 7)
        for split in ("validation", "validation", "test"):
            logits = draw.normal(size=(ROWS, len(LABELS))).astype(np.float32)
            logits[np.arange(ROWS), labels] += shift
            if shift not in scores:  # those of one run stand for all that are as good
                scores[shift] = score(logits, labels)
            found = scores[shift]
            metrics = {name: found.known[name] for name in ("weighted_f1", "mcc", "auroc", "ece", "brier")}
            evaluation = EvaluationRecord(
                record.id, STEPS + len(took.get("evaluation", ())) % 2, 1.0, split, found.loss, found.accuracy,
                found.macro_f1, found.f1, 0.1, metrics,
            )  # fmt: skip
            timed("evaluation", store.add_evaluation, evaluation, Predictions(ids, labels, logits))
        best = store.evaluations(record.id, "test")[-1].step
        done = replace(
            record, status="done", steps=STEPS, best_step=best, converged=True, seconds=1.0, seconds_alone=2.0,
            peak_memory_mb=100.0, artefact="peft",
        )  # fmt: skip
        timed("run", store.put_run, done)
    store.close()
    return took


def _record(configuration: int, seed: int) -> RunRecord:
    strategy = parse_run(f"lora:rank=8,learning_rate={1e-4 * (1 + configuration)}").strategies[0]
    config = RunConfig(strategy=strategy, training=TrainingConfig(), seed=seed)
    counts = Counts(adapter=1000, head=100, backbone=0, total=100_000, peft_total=100_100)
    name = f"LoRA r=8 (lr={1e-4 * (1 + configuration):g})"
    plain = config.model_dump(mode="json")
    return RunRecord(
        f"lora-{configuration:08x}-s{seed}", f"lora-{configuration:08x}", name, "lora", seed, plain, counts
    )
