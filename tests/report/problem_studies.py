"""Made-up studies of several labels per row, and of numbers: predictions first, and of them what a run records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.report.studies import EVERY, S0, STEPS, Made, counts, hash_of, run_id
from tunefork.metrics import majority, score
from tunefork.problem import Labels
from tunefork.store import (
    BaselineRecord,
    EvaluationRecord,
    MemoryStore,
    Predictions,
    RunRecord,
    StepRecord,
    Store,
    StudyRecord,
)

EMOTIONS = ("joy", "fear", "anger", "trust")
SHARES = np.array([0.45, 0.3, 0.15, 0.08])
FULL, HEAD, LORA = S0[0], S0[1], S0[3]
Answering = Callable[[Labels, float, np.random.Generator], np.ndarray]


def labels_of(rows: int, seed: int) -> Labels:
    """[rows, 4] of 0 and 1; some rows have none."""
    return (np.random.default_rng(seed).uniform(size=(rows, len(EMOTIONS))) < SHARES).astype(np.int8)


def said_of_labels(labels: Labels, skill: float, random: np.random.Generator) -> np.ndarray:
    """Logits; those of a higher skill are further on the right side."""
    hard = np.random.default_rng(7).normal(size=labels.shape)
    return np.where(labels > 0, 1.0, -1.0) * 1.6 * skill - 0.3 + hard + random.normal(0, 0.4, labels.shape)


def numbers_of(rows: int, seed: int) -> Labels:
    """[rows] judgements from 0 to 10."""
    return np.random.default_rng(seed).uniform(0, 10, rows)


def said_of_numbers(labels: Labels, skill: float, random: np.random.Generator) -> np.ndarray:
    """[rows, 1] answers whose errors shrink with the skill, to three times ``1 − skill`` standard deviations."""
    hard = np.random.default_rng(7).normal(size=labels.shape)
    noise = np.sqrt(0.9) * hard + np.sqrt(0.1) * random.normal(size=labels.shape)
    return (labels + 3 * (1 - skill) * 2.9 * noise)[:, None]


def several_labels(folder: Path, configurations: Sequence[Made] = (FULL, HEAD, LORA), **more: Any) -> Store:
    """A study of four emotions."""
    return _study(folder, configurations, labels_of, said_of_labels, "multi_label", EMOTIONS, **more)


def numbers(folder: Path, configurations: Sequence[Made] = (FULL, HEAD, LORA), **more: Any) -> Store:
    """A study of a number."""
    return _study(folder, configurations, numbers_of, said_of_numbers, "regression", ("score",), **more)


def _study(
    folder: Path,
    configurations: Sequence[Made],
    drawn: Callable[[int, int], Labels],
    said: Answering,
    problem: Any,
    names: tuple[str, ...],
    seeds: int = 3,
    rows: int = 600,
    **changes: Any,
) -> Store:
    store, train, test = MemoryStore(folder), drawn(2000, 1), drawn(rows, 3)
    before = said(test, 0.05, np.random.default_rng(5)) if rows else test
    study = StudyRecord(
        name=f"{problem}-study",
        task="text-classification",
        model="distilbert/distilbert-base-uncased",
        labels=names,
        rows={"train": 2000, "validation": 400, "test": rows},
        data_hash="5f2d" * 16,
        problem=problem,
        majority=majority(train, test, len(names)).known if rows else {},
        baseline=score(before, test).known if rows else {},
    )
    store.begin(replace(study, **changes))
    for one in configurations:
        for seed in range(seeds):
            _train(store, one, seed, {"validation": drawn(400, 2), "test": test}, said)
    return store


def _train(store: Store, one: Made, seed: int, labels: dict[str, Labels], said: Answering) -> None:
    random, identity = np.random.default_rng([seed, hash_of(one.name)]), run_id(one, seed)
    skill, losses = one.accuracy + random.normal(0, 0.003), {}
    for step in range(10, STEPS + 1, 10):
        store.add_step(StepRecord(identity, step, 3 * step / STEPS, 2.0 / step, 1e-4, step * 0.2))
    for step in range(EVERY, STEPS + 1, EVERY):
        reached = skill * (1 - np.exp(-step / 60))
        losses[step] = evaluate(store, identity, "validation", step, labels["validation"], said, reached, random).loss
    best = min(losses, key=lambda step: losses[step])
    if len(labels["test"]):
        evaluate(store, identity, "test", best, labels["test"], said, skill, random)
    strategy = {"kind": one.strategy, **one.settings}
    store.put_run(
        RunRecord(
            id=identity,
            configuration=identity.rpartition("-s")[0],
            name=one.name,
            strategy=one.strategy,
            seed=seed,
            config={"strategy": strategy, "training": {"epochs": 3, "batch_size": 16}, "seed": seed},
            counts=counts(one),
            status="done",
            steps=STEPS,
            best_step=best,
            converged=True,
            seconds=one.seconds / 3,
            seconds_alone=one.seconds,
            peak_memory_mb=one.memory,
        )
    )


def evaluate(
    store: Store,
    identity: str,
    split: str,
    step: int,
    labels: Labels,
    said: Answering,
    skill: float,
    random: np.random.Generator,
) -> EvaluationRecord:
    """Answer a split, and record what that is worth."""
    answers = said(labels, skill, random).astype(np.float32)
    return put(store, identity, split, step, Predictions(_ids(split, len(labels)), labels, answers))


def put(store: Store, identity: str, split: str, step: int, answers: Predictions) -> EvaluationRecord:
    """Record answers with all of their metrics."""
    found = score(answers.logits, answers.labels)
    first = (found.loss, found.accuracy, found.macro_f1, found.f1)
    record = EvaluationRecord(identity, step, 3 * step / STEPS, split, *first, scores=found.others)
    store.add_evaluation(record, answers)
    return record


def answer(store: Store, one: Made, seed: int, logits: np.ndarray) -> None:
    """Give a run these answers on test, in place of its own."""
    (test,) = store.evaluations(run_id(one, seed), "test")
    given = store.predictions(test.run, "test")
    put(store, test.run, "test", test.step, replace(given, logits=logits.astype(np.float32)))


def baseline(store: Store, name: str, logits: np.ndarray) -> None:
    """Something that answered the test rows without a transformer."""
    given = store.predictions(store.runs()[0].id, "test")
    found = score(logits, given.labels)
    first = (found.loss, found.accuracy, found.macro_f1, found.f1)
    record = BaselineRecord(name, name, "tfidf", *first, scores=found.others)
    store.put_baseline(record, replace(given, logits=logits.astype(np.float32)))


def _ids(split: str, rows: int) -> tuple[str, ...]:
    return tuple(f"{split}-{row}" for row in range(rows))
