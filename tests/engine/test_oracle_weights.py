"""Class weights and label smoothing against transformers' Trainer: its own smoothing, and the usual weighted loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformers import TrainingArguments

from tests.engine.recording import Kept
from tests.engine.test_losses import uneven
from tests.engine.test_oracle_trainer import Listening, prepare, trained_weights
from tests.tiny import LABELS, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble
from tunefork.engine.batches import chunks, collate
from tunefork.engine.losses import weights_of
from tunefork.strategies import select

STEPS = 20
CPU = torch.device("cpu")


class Weighted(Listening):
    """A Trainer with the loss of the usual recipe; of several micro-batches, divided by the weights of the step."""

    def __init__(self, *arguments: Any, weights: torch.Tensor, smoothing: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.weights, self.smoothing = weights, smoothing

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *_: Any, **__: Any) -> torch.Tensor:
        labels, total = inputs.pop("labels"), inputs.pop("total")
        logits = model(**inputs).logits
        parts = self.args.gradient_accumulation_steps
        summed = F.cross_entropy(logits, labels, weight=self.weights, label_smoothing=self.smoothing, reduction="sum")
        return summed / total * parts  # Trainer divides by the number of micro-batches


def arguments(folder: Path, accumulation: int, **more: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder), max_steps=STEPS, gradient_accumulation_steps=accumulation, learning_rate=1e-2,
        weight_decay=0.1, warmup_steps=5, max_grad_norm=0.5, use_cpu=True, report_to=[], save_strategy="no",
        logging_strategy="no", disable_tqdm=True, **more,
    )  # fmt: skip


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize(
    ("settings", "sampling"),
    [
        ({"class_weights": "auto"}, "shuffled"),
        ({"class_weights": {"c": 4.0}, "label_smoothing": 0.1}, "balanced"),
    ],
)
def test_a_weighted_run_equals_trainer_s(
    settings: dict[str, Any], sampling: str, accumulation: int, tmp_path: Path
) -> None:
    backbone = tiny_backbone("bert")
    training = TrainingConfig.model_validate(
        {"steps": STEPS, "batch_size": 8, "warmup": 5, "weight_decay": 0.1, "max_grad_norm": 0.5, **settings}
        | {"accumulation": accumulation, "sampling": sampling}
    )
    run = RunConfig(strategy=parse_run("lora:rank=4,learning_rate=1e-2").strategies[0], training=training, seed=3)
    rows = Rows(uneven(range(92)), None, None, 0, LABELS)  # the last batch of an epoch is smaller than the others
    labels = rows.train.labels
    weights = torch.from_numpy(weights_of(training, labels, LABELS))
    steps = list(chunks(run.seed, 92, training, STEPS, labels))
    batches = []
    for chunk in steps:
        total = sum(weights[labels[part]].sum() for part in chunk.micro)
        for part in chunk.micro:
            batch, truth = collate(rows.train, [part], 0, CPU)
            batches.append({**batch, "labels": truth[0], "total": total})
    reference = prepare(backbone, run, tmp_path).double()
    trainer = Weighted(
        batches, model=reference, args=arguments(tmp_path / "trainer", accumulation),
        weights=weights, smoothing=training.label_smoothing,
    )  # fmt: skip
    trainer.train()

    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], Precision(CPU, torch.float64, torch.float64))
    ours = Training(group, [run], rows, Kept())
    losses = [ours.step([chunk])[0] for chunk in steps]
    theirs = torch.tensor(trainer.losses, dtype=torch.float64).view(-1, accumulation).sum(dim=1)
    torch.testing.assert_close(torch.tensor(losses), theirs.float(), rtol=1e-5, atol=1e-5)
    expected = trained_weights(reference)
    for name, tensor in group.tensors(0).items():
        torch.testing.assert_close(tensor, expected[name].detach(), rtol=1e-7, atol=1e-10)


def test_smoothing_equals_trainer_s_own(tmp_path: Path) -> None:
    backbone = tiny_backbone("distilbert")
    settings = {"weight_decay": 0.1, "max_grad_norm": 0.5, "label_smoothing": 0.2}
    training = TrainingConfig(steps=STEPS, batch_size=8, warmup=5, **settings)
    run = RunConfig(strategy=parse_run("full:learning_rate=1e-2").strategies[0], training=training, seed=1)
    rows = Rows(uneven(range(92)), None, None, 0, LABELS)
    steps, batches = list(chunks(1, 92, training, STEPS)), []
    for chunk in steps:
        batch, truth = collate(rows.train, [chunk.micro[0]], 0, CPU)
        batches.append({**batch, "labels": truth[0]})
    reference = prepare(backbone, run, tmp_path).double()
    Listening(batches, model=reference, args=arguments(tmp_path / "trainer", 1, label_smoothing_factor=0.2)).train()
    group = assemble(
        backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)],
        Precision(CPU, torch.float64, torch.float64),
    )  # fmt: skip
    ours = Training(group, [run], rows, Kept())
    for chunk in steps:
        ours.step([chunk])
    expected = trained_weights(reference)
    for name, tensor in group.tensors(0).items():
        torch.testing.assert_close(tensor, expected[name].detach(), rtol=1e-4, atol=1e-6)  # it sums in fp32
