"""Trained tiny models to serve."""

from __future__ import annotations

from pathlib import Path

from tunefork import Full, Head, LoRA, Results, Study, load_data

TRAINING = {"steps": 20, "batch_size": 8, "precision": "fp32"}


def trained(model: Path, out: Path, compare: list[object], seeds: int = 1, **data: object) -> Results:
    """A study that is done."""
    table = data.pop("train")
    study = Study(
        model=str(model), data=load_data(table, max_length=32, **data), compare=compare, training=TRAINING, seeds=seeds
    )  # fmt: skip
    return study.run(out, progress=False, workers=1)


def messages_study(model: Path, table: Path, out: Path, seeds: int = 1) -> Results:
    """Adapters of two ranks, a head, and a model of its own."""
    compare = [LoRA(rank=4, learning_rate=1e-2), LoRA(rank=2, targets="mlp", learning_rate=1e-2), Head(), Full()]
    return trained(model, out, compare, seeds, train=table, text="message", label="intent")
