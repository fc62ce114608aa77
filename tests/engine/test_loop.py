"""The loop: order of rows, schedules, evaluation, early stopping, best weights, dropout."""

from __future__ import annotations

import json
from typing import Literal

import numpy as np
import pytest
import torch
from transformers import get_scheduler

from tests.engine.recording import Kept
from tests.tiny import encoded, tiny_backbone
from tunefork.config import EarlyStopping, RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Outcome, Precision, Rows, Training, assemble, evaluate
from tunefork.engine.batches import chunks
from tunefork.engine.optimise import rate_factor
from tunefork.engine.progress import RunProgress
from tunefork.store import EvaluationRecord
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)


def go(
    text: str, rows: Rows | None = None, kind: str = "bert", dropout: float = 0.0, seed: int = 0, **settings: object
) -> tuple[GroupModel, Kept, Outcome]:
    backbone = tiny_backbone(kind, dropout=dropout)
    training = TrainingConfig.model_validate({"epochs": 2, "batch_size": 8, **settings})
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training, seed=seed)
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
    kept = Kept()
    rows = rows or Rows(encoded(range(80)), encoded(range(80, 110)), encoded(range(110, 140)), 0)
    return group, kept, Training(group, [run], rows, kept).run()[0]


def test_each_epoch_sees_every_row_once_in_an_order_of_its_own() -> None:
    training = TrainingConfig(batch_size=8, accumulation=2)
    parts = list(chunks(0, 50, training, 8))
    epochs = [np.concatenate([row for part in parts[at : at + 4] for row in part.micro]) for at in (0, 4)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()
    assert [part.rows for part in parts[:4]] == [16, 16, 16, 2]
    assert [len(row) for row in parts[0].micro] == [8, 8]
    assert [part.epoch for part in parts] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    other = next(iter(chunks(1, 50, training, 8)))
    assert other.micro[0].tolist() != parts[0].micro[0].tolist()


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_schedules_are_those_of_transformers(schedule: str) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    name = "constant_with_warmup" if schedule == "constant" else schedule
    theirs = get_scheduler(name, optimizer, num_warmup_steps=7, num_training_steps=40)
    for step in range(40):
        assert rate_factor(step, 40, 7, schedule) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
        optimizer.step()
        theirs.step()


def test_records_are_means_since_the_last_and_evaluations_come_when_asked() -> None:
    _, kept, outcome = go("head:learning_rate=1e-2", epochs=1, log_every=4, eval_every="0.5 epochs")
    _, every, _ = go("head:learning_rate=1e-2", epochs=1, log_every=1, eval_every=5)
    assert [record.step for record in kept.steps] == [4, 8, 10]
    losses = [record.loss for record in every.steps]
    assert [record.loss for record in kept.steps] == pytest.approx(
        [np.mean(losses[:4]), np.mean(losses[4:8]), np.mean(losses[8:])]
    )
    assert [(record.split, record.step) for record, _ in kept.evaluations] == [
        ("validation", 5),
        ("validation", 10),
        ("test", outcome.best_step),
    ]
    assert kept.advanced == list(range(1, 11))
    assert (outcome.status, outcome.steps) == ("done", 10)


def test_the_best_weights_are_restored_and_the_test_split_is_read_once() -> None:
    rows = Rows(encoded(range(24)), encoded(range(80, 110)), encoded(range(110, 140)), 0)
    group, kept, outcome = go("full:learning_rate=3e-2", rows, epochs=6, schedule="constant", max_grad_norm=0)
    validations = [record for record, _ in kept.evaluations if record.split == "validation"]
    best = min(validations, key=lambda record: record.loss)
    assert best.step < validations[-1].step, "the run must overfit for this test to mean anything"
    assert outcome.best_step == best.step
    tests = [record for record, _ in kept.evaluations if record.split == "test"]
    assert [record.step for record in tests] == [best.step]
    again = evaluate(group, rows.validation, 64, 0)[0]  # type: ignore[arg-type]
    kept_logits = next(predictions.logits for record, predictions in kept.evaluations if record == best)
    np.testing.assert_allclose(again, kept_logits, atol=1e-6)
    _, last, unrestored = go(
        "full:learning_rate=3e-2", rows, epochs=6, schedule="constant", max_grad_norm=0, best_weights=False
    )
    assert [record.step for record, _ in last.evaluations if record.split == "test"] == [unrestored.steps]


def test_early_stopping_counts_evaluations_without_improvement() -> None:
    rows = Rows(encoded(range(24)), encoded(range(80, 110)), encoded(range(110, 140)), 0)
    settings = {"epochs": 50, "schedule": "constant", "max_grad_norm": 0}
    _, kept, outcome = go("full:learning_rate=3e-2", rows, early_stopping={"metric": "loss", "patience": 2}, **settings)
    losses = [record.loss for record, _ in kept.evaluations if record.split == "validation"]
    assert outcome.stopped_early
    assert outcome.steps < 150
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


def test_without_validation_the_last_weights_stay() -> None:
    rows = Rows(encoded(range(80)), None, encoded(range(110, 140)), 0)
    _, kept, outcome = go("head:learning_rate=1e-2", rows)
    assert (outcome.best_step, outcome.converged) == (None, None)
    assert [record.split for record, _ in kept.evaluations] == ["test"]


def test_convergence_is_judged_by_the_last_evaluation() -> None:
    def progress(*losses: float) -> RunProgress:
        found = RunProgress(TrainingConfig(early_stopping=EarlyStopping()), "loss")
        for step, loss in enumerate(losses):
            found.saw(EvaluationRecord("run", step, step, "validation", loss, 0.5, 0.5, None))
        return found

    assert progress(1.0).converged is None
    assert progress(1.0, 0.8).converged is False
    assert progress(1.0, 0.8, 0.795).converged is True
    assert progress(1.0, 0.8, 0.9).converged is True


@pytest.mark.parametrize(
    ("schedule", "losses", "converged"),
    [
        # MiniLM's head at a rate of 1e-3: it has hardly begun, and the last epoch has a ninth of the rate
        ("linear", (1.353, 1.331, 1.3233), False),
        ("linear", (1.0924, 1.0873, 1.0855), False),
        # this one has learned what it could
        ("linear", (0.45, 0.4252, 0.423), True),
        ("linear", (0.6, 0.5, 0.45, 0.43, 0.42, 0.415, 0.412, 0.41, 0.4095, 0.4093), True),
        # the last interval alone, a hundredth of the rate, says little
        ("linear", (0.6, 0.5, 0.45, 0.43, 0.42, 0.415, 0.412, 0.41, 0.4095, 0.4075), True),
        # a straight line: 0.95 - 0.2 times the share of the rate that is spent, 1 - (1 - epoch / 10)²
        ("linear", tuple(0.95 - 0.2 * (1 - (1 - epoch / 10) ** 2) for epoch in range(1, 11)), False),
        ("constant", tuple(0.95 - 0.05 * epoch / 10 for epoch in range(1, 11)), False),
        ("constant", (0.45, 0.43, 0.427), True),
        # nothing moves
        ("linear", (0.4, 0.39995, 0.3999), True),
        # up and down: a fall since the sixth, and none since the ninth
        ("linear", (2.0339, 1.8424, 1.8882, 1.8095, 1.5187, 1.7516, 1.5488, 1.5881, 1.547, 1.5564), True),
        # the last one is worse
        ("linear", (1.353, 1.331, 1.3315), True),
    ],
)
def test_who_falls_in_a_straight_line_has_not_converged_though_the_last_step_is_small(
    schedule: Literal["linear", "constant"], losses: tuple[float, ...], converged: bool
) -> None:
    training = TrainingConfig(epochs=len(losses), schedule=schedule, warmup=0.0)
    found = RunProgress(training, "loss", total=40 * len(losses))
    for epoch, loss in enumerate(losses, start=1):
        found.saw(EvaluationRecord("run", 40 * epoch, epoch, "validation", loss, 0.5, 0.5, None))
    assert found.converged is converged
    again = RunProgress(training, "loss", total=40 * len(losses))
    again.recall(json.loads(json.dumps(found.remembered())))
    assert again.converged is converged


def test_packed_rows_do_not_see_each_other() -> None:
    """Ladder, step 3, in the padded layout: a row's logits do not depend on its neighbours or on padding."""
    group, _, _ = go("lora:learning_rate=1e-2")
    split = encoded(range(80, 96))
    together = evaluate(group, split, 16, 0)[0]
    alone = np.concatenate([evaluate(group, encoded(range(row, row + 1)), 1, 0)[0] for row in range(80, 96)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_dropout_follows_the_seed_and_only_where_it_is_asked_for() -> None:
    def weights(text: str, **settings: object) -> torch.Tensor:
        return go(text, dropout=0.3, epochs=1, **settings)[0].tensors(0)["classifier.weight"]

    lora = "lora:rank=4,dropout=0.5,learning_rate=1e-2"
    assert torch.equal(weights(lora), weights(lora))
    assert not torch.equal(weights(lora), weights("lora:rank=4,learning_rate=1e-2"))
    pretrained = weights("full", backbone_dropout="as_pretrained")
    assert torch.equal(pretrained, weights("full", backbone_dropout="as_pretrained"))
    assert not torch.equal(pretrained, weights("full"))


def test_the_frozen_backbone_has_no_dropout_and_as_pretrained_has() -> None:
    backbone = tiny_backbone("bert", dropout=0.5)
    split = encoded(range(8))
    found = {}
    for setting in ("off", "as_pretrained"):
        training = TrainingConfig(batch_size=8, backbone_dropout=setting)  # type: ignore[arg-type]
        run = RunConfig(strategy=parse_run("head").strategies[0], training=training)
        group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
        group.train()
        quiet = [module for name, module in group.model.named_modules() if name.startswith("bert.") and module.training]
        found[setting] = len(quiet)
        batch = group.batch(split, [np.arange(8)], 0)
        group.at_step(0, batch)
        assert group.logits(batch).shape == (1, 8, 3)
    assert found["off"] == 0
    assert found["as_pretrained"] > 0


def test_dropout_keeps_the_rate_it_is_asked_for() -> None:
    from tunefork.engine.members import Members
    from tunefork.engine.randomness import Draws, RunDropout

    draws = Draws([0, 1], Members(2))
    draws.lengths = (50, 100)
    module = RunDropout([0.1, 0.4], draws, "here").train()
    x = torch.ones(2 * 40, 100, 64)
    y = module(x).view(2, 40, 100, 64)
    assert float((y[0, :, :50] == 0).float().mean()) == pytest.approx(0.1, abs=0.005)
    assert float((y[1] == 0).float().mean()) == pytest.approx(0.4, abs=0.005)
    assert float(y[1].mean()) == pytest.approx(1.0, abs=0.01)
    draws.step = 1
    assert not torch.equal(module(x).view_as(y), y)


def test_bf16_trains_close_to_fp32() -> None:
    backbone = tiny_backbone("bert")
    losses = {}
    for compute in (torch.float32, torch.bfloat16):
        run = RunConfig(
            strategy=parse_run("lora:learning_rate=1e-2").strategies[0], training=TrainingConfig(epochs=3, batch_size=8)
        )
        group = assemble(
            backbone,
            [run],
            [select(run.strategy, backbone.anatomy, backbone.model)],
            Precision(torch.device("cpu"), compute),
        )
        kept = Kept()
        Training(group, [run], Rows(encoded(range(80)), encoded(range(80, 110)), None, 0), kept).run()
        losses[compute] = [record.loss for record, _ in kept.evaluations]
        assert all(slot.parameter.dtype == torch.float32 for slot in group.slots)
        assert group.model.bert.embeddings.word_embeddings.weight.dtype == compute
    assert losses[torch.bfloat16] == pytest.approx(losses[torch.float32], rel=0.02)


def test_when_the_time_is_up_a_run_stops_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = tiny_backbone("bert")
    run = RunConfig(strategy=parse_run("head").strategies[0], training=TrainingConfig(batch_size=8))
    clock = iter(range(1000))
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
    rows = Rows(encoded(range(40)), encoded(range(40, 56)), encoded(range(56, 80)), 0)
    kept = Kept()
    training = Training(group, [run], rows, kept, deadline=2.0)
    monkeypatch.setattr("tunefork.engine.loop.time.time", lambda: float(next(clock)))
    outcome = training.run()[0]
    assert (outcome.status, outcome.steps) == ("stopped", 3)
    assert outcome.reason == f"the time was up at step 3 of {training.steps}"
    assert kept.evaluations == []
