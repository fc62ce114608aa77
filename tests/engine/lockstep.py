"""What one process, and several together, train in ``test_parallel.py``; ``python -m tests.engine.lockstep`` is one."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from tests.engine.recording import Kept
from tests.tiny import labelled, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, PrefixCache, Rows, Training, assemble, evaluate
from tunefork.engine.parallel import ALONE, Devices, Together
from tunefork.engine.unit import unit_of
from tunefork.problem import Problem
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
GROUP = (
    "lora:rank=8,targets=query+value,dropout=0.2,learning_rate=1e-2",
    "lora:rank=2,targets=all-linear,dropout=0.1,learning_rate=3e-3",
    "head:learning_rate=1e-2",
    "lora:rank=3,alpha=9,targets=mlp,layers=1,use_rslora=true,learning_rate=5e-3",
)


@dataclass(frozen=True)
class Case:
    """One group."""

    kind: str
    runs: tuple[str, ...] = GROUP
    training: dict[str, Any] = field(default_factory=dict)
    rows: int = 37
    problem: Problem = "single_label"
    cached: bool = False
    spoilt: int | None = None
    """A run whose learning rate is beyond everything."""

    def configs(self) -> list[RunConfig]:
        settings = {"epochs": 3, "batch_size": 5, "precision": "fp32", "log_every": 1, **self.training}
        found = []
        for number, text in enumerate(self.runs):
            strategy = parse_run(text).strategies[0]
            if number == self.spoilt:
                strategy = strategy.model_copy(update={"learning_rate": 1e200})
            found.append(RunConfig(strategy=strategy, training=TrainingConfig(**settings), seed=number))
        return found


CASES = {
    "text": Case("bert", training={"accumulation": 2}),  # 37 rows: steps of 5 + 5, at the end of an epoch 5 + 2
    "one row": Case("bert", rows=31, training={"batch_size": 3, "class_weights": "auto", "label_smoothing": 0.1}),
    "decoder": Case("gpt2", training={"max_grad_norm": 0.05}),
    "cached": Case("bert", cached=True, runs=(GROUP[2], "head:learning_rate=1e-3", GROUP[3])),
    "padded": Case("deberta-v2", runs=("lora:rank=4,targets=all-linear,learning_rate=1e-2",)),
    "padded dropout": Case("mpnet", runs=GROUP[:3]),
    "full": Case("bert", runs=("full:learning_rate=1e-3",), training={"accumulation": 3}),
    "last layers": Case("roberta", runs=("last_layers:learning_rate=1e-3",), training={"best_weights": False}),
    "images": Case("vit", rows=23, training={"augment": "flip+mixup", "batch_size": 4}),
    "images alone": Case("dinov2", rows=23, runs=("full:learning_rate=1e-3",)),
    "several labels": Case("bert", problem="multi_label", training={"class_weights": "auto"}),
    "numbers": Case("distilbert", problem="regression"),
    "early": Case("bert", training={"epochs": 20, "early_stopping": {"patience": 1, "metric": "loss"}}),
    "diverging": Case("bert", spoilt=0),
}


def train(case: Case, devices: Devices = ALONE) -> dict[str, Any]:
    """Train a case; gives everything that one could compare."""
    backbone = tiny_backbone(case.kind, dropout=0.1, problem=case.problem)
    runs = case.configs()
    parts = [range(case.rows), range(90, 107), range(120, 133)]
    splits = [labelled(rows_for(case.kind, part), case.problem) for part in parts]
    cache = PrefixCache() if case.cached else None
    selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in runs]
    group = assemble(backbone, runs, selections, FP64, cache)
    rows, kept = Rows(*splits, 0, unit=unit_of(backbone, splits[0].labels)), Kept()
    outcomes = Training(group, runs, rows, kept, devices=devices).run()
    numbers = range(len(runs))
    group.members.active = tuple(numbers)
    return {
        "weights": [group.tensors(number) for number in numbers],
        "losses": [[step.loss for step in kept.steps if step.run == run.id] for run in runs],
        "found": [
            [
                (each.split, each.step, each.loss, answers.logits)
                for each, answers in kept.evaluations
                if each.run == run.id
            ]
            for run in runs
        ],
        "logits": evaluate(group, splits[2], 64, 0),
        "ends": [(each.status, each.steps, each.best_step, each.stopped_early, each.reason) for each in outcomes],
        "state": np.random.get_state()[1].tolist()[:1],
    }


def joined(folder: Path, rank: int, size: int) -> Together:
    """Join the others."""
    store = distributed.FileStore(str(folder / "meeting"), size)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=timedelta(seconds=60))
    return Together(distributed.group.WORLD, distributed.group.WORLD)


def failures(devices: Together) -> dict[str, tuple[str, str, list[float]]]:
    """What the last process's errors are to each, and the sums that were seen before."""
    found = {}
    for error in (MemoryError("no room"), ValueError("strange"), None):
        seen: list[float] = []
        try:
            with devices.lockstep(2):
                seen += devices.meet([1.0, 2.0])
                if error is not None and devices.rank == devices.size - 1:
                    raise error
                seen += devices.meet([3.0])
        except Exception as caught:
            found[str(error)] = (type(caught).__name__, str(caught), seen)
        else:
            found[str(error)] = ("", "", seen)
    return found


def main(folder: Path, rank: int, size: int, names: Sequence[str]) -> None:
    torch.set_num_threads(1)
    devices = joined(folder, rank, size)
    (folder / f"failures-{rank}").write_bytes(pickle.dumps(failures(devices)))
    for name in names:
        with devices.lockstep(len(CASES[name].runs)):
            found = train(CASES[name], devices)
        (folder / f"{name}-{rank}").write_bytes(pickle.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
