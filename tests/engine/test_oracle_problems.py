"""Proof ladder, step 1, where rows have several labels or a number: one run ≡ transformers' Trainer + PEFT."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.engine.recording import Kept
from tests.engine.test_oracle_trainer import CPU, STEPS, STRATEGIES, TOLERANCE, prepare, theirs, trained_weights
from tests.tiny import labelled, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble, model_inputs, unit_of
from tunefork.engine.batches import chunks
from tunefork.problem import Problem
from tunefork.strategies import select


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("problem", ["multi_label", "regression"])
@pytest.mark.parametrize("kind", ["distilbert", "roberta", "gpt2", "vit"])
def test_a_lone_run_equals_trainer_and_peft(kind: str, problem: Problem, strategy: str, tmp_path: Path) -> None:
    backbone = tiny_backbone(kind, problem=problem)
    training = TrainingConfig(steps=STEPS, batch_size=8, warmup=5, weight_decay=0.1, max_grad_norm=0.5)
    run = RunConfig(strategy=parse_run(STRATEGIES[strategy]).strategies[0], training=training, seed=3)
    split = labelled(rows_for(kind, range(100)), problem)
    unit = unit_of(backbone, split.labels)
    rows = Rows(split, None, None, 0, unit=unit)
    batches = []
    for chunk in chunks(run.seed, 100, training, STEPS):
        batch = model_inputs(split, chunk.micro[0], 0, CPU)
        if "pixel_values" in batch:
            batch["pixel_values"] = batch["pixel_values"].double()
        labels = torch.from_numpy(split.labels[chunk.micro[0]]).double()
        batches.append({**batch, "labels": unit.inward(labels)})
    reference = prepare(backbone, run, tmp_path).double()
    their_losses = torch.tensor(theirs(reference, batches, run, tmp_path / "trainer"))

    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], Precision(CPU, torch.float64, torch.float64))
    ours = Training(group, [run], rows, Kept())
    losses = [ours.step([chunk])[0] for chunk in chunks(run.seed, 100, training, STEPS)]
    torch.testing.assert_close(torch.tensor(losses), their_losses * unit.scale**2, **TOLERANCE[torch.float32])
    weights, expected = group.tensors(0), trained_weights(reference)
    assert weights.keys() == expected.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, expected[name].detach(), **TOLERANCE[torch.float64])
