"""Losses of several labels and of numbers: torch's are the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.engine.recording import Kept
from tests.tiny import LABELS, encoded, labelled, pictured, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble, unit_of
from tunefork.engine.batches import chunks
from tunefork.engine.label_losses import LabelLoss, NumberLoss, positive_weights
from tunefork.engine.unit import Unit
from tunefork.strategies import select

CPU = torch.device("cpu")
FP64 = Precision(CPU, torch.float64, torch.float64)


def test_binary_cross_entropy_is_torch_s_with_each_run_s_own_weights() -> None:
    labels = labelled(encoded(range(90)), "multi_label").labels
    runs = [TrainingConfig(), TrainingConfig(class_weights={"b": 4.0}), TrainingConfig(label_smoothing=0.2)]
    loss = LabelLoss(runs, labels, LABELS, CPU, torch.float64)
    logits, wanted = torch.randn(3, 5, 3, dtype=torch.float64), torch.from_numpy(labels[:15]).view(3, 5, 3)
    found = loss.rows(logits, wanted, (0, 1, 2))
    plain = wanted.double()
    theirs = [
        F.binary_cross_entropy_with_logits(logits[0], plain[0], reduction="none"),
        F.binary_cross_entropy_with_logits(
            logits[1], plain[1], reduction="none", pos_weight=torch.tensor([1.0, 4.0, 1.0], dtype=torch.float64)
        ),
        F.binary_cross_entropy_with_logits(logits[2], 0.8 * plain[2] + 0.1, reduction="none"),
    ]
    torch.testing.assert_close(found, torch.stack(theirs).mean(dim=-1))
    torch.testing.assert_close(loss.rows(logits[1:2], wanted[1:2], (1,)), found[1:2])
    assert loss.totals([np.arange(5)] * 3, (0, 1, 2)) == 5


def test_weights_that_balance_make_both_sides_weigh_alike() -> None:
    labels = labelled(encoded(range(90)), "multi_label").labels
    found = positive_weights(TrainingConfig(class_weights="auto"), labels, LABELS)
    assert found * labels.sum(axis=0) == pytest.approx((1 - labels).sum(axis=0))
    constant = np.array([[1, 0], [1, 0]], dtype=np.int8)
    assert positive_weights(TrainingConfig(class_weights="auto"), constant, ("a", "b")).tolist() == [1.0, 1.0]


def test_squared_errors_are_in_units_of_the_deviation_and_told_in_the_labels_own() -> None:
    loss = NumberLoss(Unit(100.0, 20.0))
    answers, labels = torch.tensor([[[0.5], [-1.0]]]), torch.tensor([[120.0, 60.0]])
    assert loss.rows(answers, labels, (0,)).tolist() == [[0.25, 1.0]]
    assert loss.reported == 400.0


@pytest.mark.parametrize("problem", ["multi_label", "regression"])
def test_fused_runs_equal_runs_alone(problem: str) -> None:
    """Step 2 of the ladder, in short: different rates, seeds and strategies."""
    backbone = tiny_backbone("bert", problem=problem, dropout=0.1)
    split = labelled(encoded(range(90)), problem)
    rows = Rows(
        split, split.take(np.arange(30)), split.take(np.arange(30, 60)), 0, LABELS, unit_of(backbone, split.labels)
    )
    training = TrainingConfig(steps=12, batch_size=8, eval_every=6)
    weighed = training.model_copy(update={"class_weights": "auto"}) if problem == "multi_label" else training
    wanted = [
        ("lora:rank=2,targets=query,lr=1e-2", 0, training),
        ("lora:rank=4,lr=3e-3", 1, weighed),
        ("head", 0, training),
    ]
    runs = [RunConfig(strategy=parse_run(text).strategies[0], training=each, seed=seed) for text, seed, each in wanted]

    def answers(group: list[RunConfig]) -> list[np.ndarray]:
        selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in group]
        kept = Kept()
        Training(assemble(backbone, group, selections, FP64), group, rows, kept).run()
        by_run = {record.run: found.logits for record, found in kept.evaluations if record.split == "test"}
        return [by_run[run.id] for run in group]

    together = answers(runs)
    for run, found in zip(runs, together):
        np.testing.assert_allclose(found, answers([run])[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("problem", ["multi_label", "regression"])
def test_images_are_mixed_with_both_their_labels(problem: str) -> None:
    pytest.importorskip("kornia")
    backbone = tiny_backbone("vit", problem=problem)
    split = labelled(pictured(range(40)), problem)
    unit = unit_of(backbone, split.labels)
    training = TrainingConfig(steps=5, batch_size=8, augment=("mixup",))
    run = RunConfig(strategy=parse_run("head:learning_rate=1e-2").strategies[0], training=training, seed=8)
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], FP64)
    work = Training(group, [run], Rows(split, None, None, 0, LABELS, unit), Kept())
    chunk = next(chunks(8, 40, training, 5))
    batch = group.training_batch(split, [chunk.micro[0]], 0, 0)
    group.train()
    group.at_step(0, batch)
    logits = group.logits(batch)[0].detach()
    others, shares = batch.mixed  # type: ignore[union-attr, misc]

    def own(labels: torch.Tensor) -> torch.Tensor:
        if problem == "multi_label":
            return F.binary_cross_entropy_with_logits(logits, labels[0].to(logits.dtype))
        return F.mse_loss(logits[:, 0], unit.inward(labels[0]).to(logits.dtype)) * unit.scale**2

    share = float(shares[0, 0])
    expected = share * own(batch.labels) + (1 - share) * own(others)
    assert share < 0.95
    assert work.step([chunk])[0] == pytest.approx(float(expected), rel=1e-5)
