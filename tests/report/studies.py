"""Made-up studies: records as a real study would leave them, without any training."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logsumexp

from tunefork.counts import Counts, Formula
from tunefork.store import (
    EvaluationRecord,
    MemoryStore,
    Predictions,
    RunRecord,
    StepRecord,
    Store,
    StudyRecord,
)

STEPS = 360
EVERY = 60
LOGGED = 10


@dataclass(frozen=True)
class Made:
    """One configuration to make up: what it is, and how good it shall be."""

    name: str
    strategy: str
    trainable: int
    accuracy: float
    blocks: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 60.0
    memory: float = 900.0


def lora(rank: int, targets: str, trainable: int, accuracy: float, blocks: tuple[str, ...] = ()) -> Made:
    settings = {"rank": rank, "alpha": 2.0 * rank, "targets": targets.split("+"), "learning_rate": 1e-3}
    return Made(f"LoRA r={rank} {targets}", "lora", trainable, accuracy, blocks, settings, 80.0 + rank, 1200.0)


QVM = "query+value+mlp"
S0 = (
    Made("full", "full", 66_955_010, 0.913, ("methods",), {"learning_rate": 5e-5}, 150.0, 3100.0),
    Made("head", "head", 592_130, 0.828, ("methods",), {"learning_rate": 1e-3}, 9.0, 480.0),
    lora(8, QVM, 1_108_226, 0.892, ("methods", "rank", "layers")),
    lora(2, QVM, 721_154, 0.888, ("rank",)),
    lora(32, QVM, 2_656_514, 0.893, ("rank",)),
    lora(8, "query+value", 739_586, 0.894, ("layers",)),
    lora(8, "query+key+value+output+mlp", 1_255_682, 0.893, ("layers",)),
)
"""The nine rows of the DistilBERT study: the 8/q,v,mlp configuration is shown in all three blocks."""
HEAD, FULL = 592_130, 66_955_010


def counts(one: Made, full: int = FULL, head: int = HEAD) -> Counts:
    if one.strategy == "full":
        return Counts(0, head, full - head, full, full)
    if one.strategy == "lora":
        adapter = one.trainable - head
        return Counts(adapter, head, 0, full + adapter, full + adapter + head)
    return Counts(0, head, one.trainable - head, full, full)


def formulas(one: Made) -> tuple[Formula, ...]:
    """Those of DistilBERT, where they give this configuration's count."""
    head = (
        Formula("head", "pre_classifier", "768 × 768 + 768", 590_592),
        Formula("head", "classifier", "768 × 2 + 2", 1_538),
    )
    rest: tuple[Formula, ...] = ()
    if one.strategy == "full":
        rest = (Formula("backbone", "everything else", "66,362,880", 66_362_880),)
    if one.strategy == "lora" and "rank" in one.settings:
        rank, targets = one.settings["rank"], one.settings["targets"]
        square = len({"query", "key", "value", "output"} & set(targets))
        text = f"6 × {square} × 2 × 768 × {rank}"
        rest = (Formula("adapter", f"A and B of rank {rank}", text, 6 * square * 2 * 768 * rank),)
        if "mlp" in targets:
            text = f"6 × 2 × (768 × {rank} + {rank} × 3,072)"
            rest += (Formula("adapter", f"A and B of rank {rank} on mlp", text, 6 * 2 * (768 + 3072) * rank),)
    found = (*head, *rest)
    return found if sum(each.count for each in found) == one.trainable else ()


def keep_texts(store: Store, text: str = "so it goes") -> None:
    """Copies of every test row, as a study would keep of those that its report shows."""
    store.put_excerpts({f"test-{row}": f"{text}, row {row}" for row in range(2000)})


def make(
    folder: Path,
    configurations: Sequence[Made] = S0,
    *,
    seeds: int = 3,
    labels: Sequence[str] = ("negative", "positive"),
    rows: int = 872,
    validation: int = 600,
    store: Store | None = None,
    **changes: Any,
) -> Store:
    """A finished study. ``changes`` replace fields of the study's record."""
    store = store or MemoryStore(folder)
    classes = len(labels)
    split_rows = {"train": 5760, "validation": validation, "test": rows}
    study = StudyRecord(
        name="sst2-ablation",
        task="text-classification",
        model="distilbert/distilbert-base-uncased",
        labels=tuple(labels),
        rows=split_rows,
        data_hash="5f2d" * 16,
        majority={"accuracy": 1 / classes + 0.01, "macro_f1": 0.34, "loss": math.log(classes)},
        baseline={"accuracy": 1 / classes - 0.01, "macro_f1": 0.41, "loss": math.log(classes) + 0.01},
        truncated={"train": 0.0123, "validation": 0.01, "test": 0.0},
        environment={"python": "3.12.4", "torch": "2.10.0", "device": "cpu"},
        notices=("The column 'text' was taken for the text.",),
    )
    store.begin(replace(study, **changes))
    for one in configurations:
        for seed in range(seeds):
            _train(store, one, seed, classes, split_rows)
    return store


def run_id(one: Made, seed: int) -> str:
    return f"{one.strategy}-{hash_of(one.name):08x}-s{seed}"


def hash_of(text: str) -> int:
    return zlib.crc32(text.encode())


def _train(store: Store, one: Made, seed: int, classes: int, rows: dict[str, int]) -> None:
    rng = np.random.default_rng([seed, hash_of(one.name)])
    identity, accuracy = run_id(one, seed), float(one.accuracy + rng.normal(0, 0.004))
    final, speed = 3.2 * (1 - accuracy) ** 1.15, 40 + 60 * (one.strategy == "head")
    for step in range(LOGGED, STEPS + 1, LOGGED):
        loss = final + (math.log(classes) - final) * math.exp(-step / speed) + rng.normal(0, 0.02)
        store.add_step(StepRecord(identity, step, 3 * step / STEPS, max(loss, 0.01), 1e-4, step * 0.2))
    best, lowest = 0, math.inf
    if rows["validation"]:
        for step in range(EVERY, STEPS + 1, EVERY):
            reached = accuracy - (accuracy - 1 / classes) * math.exp(-step / speed)
            record = _evaluate(store, identity, step, "validation", reached, classes, rows["validation"], rng)
            best, lowest = (step, record.loss) if record.loss < lowest else (best, lowest)
    if rows["test"]:
        _evaluate(store, identity, best or STEPS, "test", accuracy, classes, rows["test"], rng)
    strategy, found = {"kind": one.strategy, **one.settings}, counts(one)
    store.put_run(
        RunRecord(
            id=identity,
            configuration=identity.rpartition("-s")[0],
            name=one.name,
            strategy=one.strategy,
            seed=seed,
            config={"strategy": strategy, "training": {"epochs": 3, "batch_size": 16}, "seed": seed},
            counts=found,
            blocks=one.blocks,
            status="done",
            steps=STEPS,
            best_step=best or None,
            converged=True if best else None,
            seconds=one.seconds / 3,
            seconds_alone=one.seconds,
            peak_memory_mb=one.memory,
            precision="bf16",
            formulas=formulas(one),
            counted={"adapter": found.adapter, "head": found.head, "backbone": found.backbone},
        )
    )


def _evaluate(
    store: Store,
    identity: str,
    step: int,
    split: str,
    accuracy: float,
    classes: int,
    rows: int,
    rng: np.random.Generator,
) -> EvaluationRecord:
    answers = predictions(accuracy, classes, rows, rng, seed=len(split))
    said, true, right = answers.predicted, answers.labels, answers.correct
    f1 = 2 * np.bincount(true[right], minlength=classes) / (np.bincount(said, minlength=classes) + np.bincount(true))
    loss = float((logsumexp(answers.logits, axis=1) - answers.logits[np.arange(rows), true]).mean())
    positive = float(f1[1]) if classes == 2 else None
    record = EvaluationRecord(
        *(identity, step, 3 * step / STEPS, split, loss, float(right.mean()), float(f1.mean()), positive, 0.5)
    )
    store.add_evaluation(record, answers)
    return record


def predictions(accuracy: float, classes: int, rows: int, rng: np.random.Generator, seed: int = 0) -> Predictions:
    """Answers of about that accuracy. Rows are as hard in every run: most errors fall on the same rows."""
    data = np.random.default_rng(seed)
    labels, hardness = data.integers(0, classes, rows), data.uniform(0, 1, rows)
    right = hardness + rng.normal(0, 0.06, rows) < accuracy
    wrong = (labels + rng.integers(1, classes, rows)) % classes
    logits = rng.normal(0, 0.4, (rows, classes))
    said = np.where(right, labels, wrong)
    logits[np.arange(rows), said] = logits.max(axis=1) + np.where(right, 2.6, 0.8)
    return Predictions(tuple(f"test-{row}" for row in range(rows)), labels, logits.astype(np.float32))


def change(store: Store, one: Made, seed: int, **fields: Any) -> RunRecord:
    """Replace fields of a run's record; a run that failed or diverged keeps no evaluation."""
    record = replace(store.run(run_id(one, seed)), **fields)
    if record.status in ("failed", "diverged", "planned"):
        store.clear(record.id)
    store.put_run(record)
    return record
