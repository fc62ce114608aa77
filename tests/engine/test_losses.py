"""Class weights, label smoothing, balanced sampling: torch and scikit-learn are the oracles, alone and in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from tests.engine.recording import Kept
from tests.engine.test_fused_groups import FP64, build, run_of
from tests.tiny import LABELS, encoded, pictured, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig
from tunefork.data import TokenSplit
from tunefork.engine import GroupModel, Rows, Training
from tunefork.engine.batches import chunks
from tunefork.engine.losses import ClassLoss, weights_of
from tunefork.engine.randomness import balanced_order, order

CPU = torch.device("cpu")
WEIGHTS = {"a": 0.5, "c": 3.0}


def uneven(rows: range) -> TokenSplit:
    """Texts of which class c has few."""
    split = encoded(rows)
    assert isinstance(split, TokenSplit)
    labels = np.where((split.labels == 2) & (np.arange(len(rows)) % 4 > 0), 0, split.labels)
    return replace(split, labels=labels)


def rows() -> Rows:
    return Rows(uneven(range(90)), uneven(range(90, 120)), uneven(range(120, 150)), 0, LABELS)


def train(runs: Sequence[RunConfig], parts: Rows) -> tuple[GroupModel, Kept]:
    group, kept = build(tiny_backbone("bert", dropout=0.1), runs), Kept()
    Training(group, runs, parts, kept).run()
    return group, kept


def test_automatic_weights_are_scikit_learn_s() -> None:
    labels = uneven(range(90)).labels
    auto = TrainingConfig(class_weights="auto")
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(weights_of(auto, labels, LABELS), theirs, rtol=1e-15)
    lacking = weights_of(auto, labels[labels < 2], LABELS)
    np.testing.assert_allclose(
        lacking[:2], compute_class_weight("balanced", classes=np.arange(2), y=labels[labels < 2])
    )
    assert lacking[2] == 0
    given = weights_of(TrainingConfig(class_weights=WEIGHTS), labels, LABELS)
    assert given.tolist() == [0.5, 1.0, 3.0], "a label that is not named counts 1"


@pytest.mark.parametrize("weights", [None, "auto", WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_step_is_torch_s(weights: object, smoothing: float) -> None:
    """Also over micro-batches: the mean is over the weights of the whole step."""
    training = TrainingConfig(class_weights=weights, label_smoothing=smoothing)
    labels = uneven(range(90)).labels
    plain = TrainingConfig(label_smoothing=0.3)
    loss = ClassLoss([plain, training], labels, LABELS, CPU, torch.float64)
    logits = torch.randn(1, 24, 3, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(1))
    chosen = np.arange(30, 54)
    truth = torch.from_numpy(labels[chosen])[None]
    total = loss.totals([chosen], (1,))
    found = sum(loss.rows(logits[:, at : at + 8], truth[:, at : at + 8], (1,)).sum() / total for at in (0, 8, 16))
    own = torch.from_numpy(weights_of(training, labels, LABELS))
    expected = F.cross_entropy(logits[0], truth[0], weight=own, label_smoothing=smoothing)
    torch.testing.assert_close(found.squeeze(), expected, rtol=1e-12, atol=0)
    (ours,) = torch.autograd.grad(found.sum(), logits, retain_graph=True)
    (theirs,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14)


def test_a_step_of_the_loop_minimises_it() -> None:
    """Losses that the loop tells against torch's own on the model's logits, accumulated; the last step is short."""
    run = run_of("head:learning_rate=1e-2", class_weights=WEIGHTS, label_smoothing=0.2, accumulation=3, steps=4)
    group = build(tiny_backbone("bert"), [run])
    work = Training(group, [run], rows(), Kept())
    own = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    steps = list(chunks(0, 90, run.training, 4))
    assert [len(step.micro) for step in steps] == [3, 3, 3, 3]
    assert steps[-1].rows == 18
    for step in steps:
        batches = [group.batch(rows().train, [part], 0) for part in step.micro]
        logits = torch.cat([group.evaluate_logits(batch)[0] for batch in batches]).double()
        truth = torch.cat([batch.labels[0] for batch in batches])
        assert sorted(truth.tolist()) == sorted(rows().train.labels[np.concatenate(step.micro)].tolist())
        expected = F.cross_entropy(logits, truth, weight=own, label_smoothing=0.2)
        assert work.step([step])[0] == pytest.approx(float(expected), rel=1e-5)


DIFFERENT = [
    run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", seed=0, class_weights="auto"),
    run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", seed=0, label_smoothing=0.2),
    run_of("head:learning_rate=1e-2", seed=1),
    run_of("lora:rank=2,targets=mlp,learning_rate=1e-2", seed=2, class_weights=WEIGHTS, label_smoothing=0.1),
]


def test_runs_of_one_group_may_weigh_and_smooth_differently() -> None:
    together, kept = train(DIFFERENT, rows())
    for number, run in enumerate(DIFFERENT):
        alone, own = train([run], rows())
        for name, tensor in together.tensors(number).items():
            torch.testing.assert_close(tensor, alone.tensors(0)[name], rtol=1e-7, atol=1e-9)
        theirs = [record.loss for record in kept.steps if record.run == run.id]
        assert theirs == pytest.approx([record.loss for record in own.steps], rel=1e-5)
    first, second = (together.tensors(number)["classifier.weight"] for number in (0, 1))
    assert not torch.allclose(first, second, rtol=1e-3)


def test_another_weight_leaves_the_neighbours_bits_alone() -> None:
    before, _ = train(DIFFERENT, rows())
    changed = [DIFFERENT[0], run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", class_weights={"b": 9.0})]
    after, _ = train([*changed, *DIFFERENT[2:]], rows())
    for number in (0, 2, 3):
        expected = before.tensors(number)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in after.tensors(number).items())
    assert not torch.equal(before.tensors(1)["classifier.weight"], after.tensors(1)["classifier.weight"])


def test_evaluations_stay_unweighted() -> None:
    run = run_of("head:learning_rate=1e-2", class_weights={"c": 50.0}, label_smoothing=0.3, steps=12)
    _, kept = train([run], rows())
    record, answers = next((record, answers) for record, answers in kept.evaluations if record.split == "validation")
    plain = F.cross_entropy(torch.from_numpy(answers.logits).double(), torch.from_numpy(answers.labels))
    assert record.loss == pytest.approx(float(plain), rel=1e-6)


def test_mixed_images_are_weighed_by_both_labels() -> None:
    pytest.importorskip("kornia")
    run = run_of("head:learning_rate=1e-2", seed=8, augment=("mixup",), class_weights=WEIGHTS, label_smoothing=0.1)
    backbone = tiny_backbone("vit")
    parts = Rows(pictured(range(40)), None, None, 0, LABELS)
    group = build(backbone, [run])
    work = Training(group, [run], parts, Kept())
    chunk = next(chunks(8, 40, run.training, 5))
    batch = group.training_batch(parts.train, [chunk.micro[0]], 0, 0)
    group.train()
    group.at_step(0, batch)
    logits = group.logits(batch)[0].detach()
    others, shares = batch.mixed  # type: ignore[union-attr, misc]
    own = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    first, second = (
        F.cross_entropy(logits, each, weight=own, label_smoothing=0.1, reduction="sum")
        for each in (batch.labels[0], others[0])
    )
    total = own[batch.labels[0]].sum()
    assert own[others[0]].sum() == total, "partners are the batch itself in another order"
    share = float(shares[0, 0])
    assert share < 0.8
    expected = (share * first + (1 - share) * second) / total
    assert work.step([chunk])[0] == pytest.approx(float(expected), rel=1e-6)


def test_without_settings_the_loss_is_what_it_was() -> None:
    loss = ClassLoss([TrainingConfig()] * 2, uneven(range(90)).labels, LABELS, CPU, torch.float64)
    logits, labels = torch.randn(2, 5, 3), torch.tensor([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(2, 5)
    assert torch.equal(loss.rows(logits, labels, (0, 1)), expected)
    assert loss.totals([np.arange(5), np.arange(5)], (0, 1)) == 5


def test_balanced_epochs_have_every_class_equally_often() -> None:
    labels = np.array([0] * 70 + [1] * 25 + [2] * 5)
    drawn = balanced_order(0, 0, labels)
    assert len(drawn) == 100
    counts = np.bincount(labels[drawn])
    assert sorted(counts.tolist()) == [33, 33, 34]
    times = np.bincount(drawn, minlength=100)
    assert set(times[:70].tolist()) == {0, 1}, "of a frequent class no row comes twice"
    assert set(times[95:].tolist()) <= {6, 7}, "rows of a rare class come equally often, up to one"
    assert drawn.tolist() == balanced_order(0, 0, labels).tolist()
    assert drawn.tolist() != balanced_order(0, 1, labels).tolist()
    assert drawn.tolist() != balanced_order(1, 0, labels).tolist()
    assert len(set(labels[drawn[:20]].tolist())) == 3, "classes are shuffled, not one after another"


def test_over_epochs_all_rows_of_a_frequent_class_are_seen() -> None:
    labels = np.array([0] * 70 + [1] * 30)
    seen = np.unique(np.concatenate([balanced_order(3, epoch, labels) for epoch in range(12)]))
    assert len(seen) == 100
    absent = balanced_order(0, 0, np.array([0, 0, 2, 2, 2]))  # a class without rows has no share
    assert sorted(absent.tolist())[:2] == [0, 1]


def test_balanced_chunks_have_the_same_steps_and_the_same_draws_for_every_configuration() -> None:
    labels = uneven(range(90)).labels
    training = TrainingConfig(batch_size=8, accumulation=2, sampling="balanced")
    parts = list(chunks(5, 90, training, 12, labels))
    plain = list(chunks(5, 90, TrainingConfig(batch_size=8, accumulation=2), 12))
    assert [[len(row) for row in part.micro] for part in parts] == [[len(row) for row in part.micro] for part in plain]
    epoch = np.concatenate([row for part in parts[:6] for row in part.micro])
    assert epoch.tolist() == balanced_order(5, 0, labels).tolist()
    assert np.concatenate([row for part in plain[:6] for row in part.micro]).tolist() == order(5, 0, 90).tolist()
    other = TrainingConfig(batch_size=8, accumulation=2, sampling="balanced", weight_decay=0.3, class_weights="auto")
    again = list(chunks(5, 90, other, 12, labels))
    assert all((a == b).all() for one, two in zip(parts, again) for a, b in zip(one.micro, two.micro))


def test_a_balanced_run_alone_and_in_a_group_is_the_same() -> None:
    runs = [
        run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", seed=seed, sampling="balanced", steps=20)
        for seed in (0, 1)
    ]
    together, _ = train(runs, rows())
    shuffled, _ = train([run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", steps=20)], rows())
    for number, run in enumerate(runs):
        alone, _ = train([run], rows())
        for name, tensor in together.tensors(number).items():
            torch.testing.assert_close(tensor, alone.tensors(0)[name], rtol=1e-7, atol=1e-9)
    assert not torch.allclose(together.tensors(0)["classifier.weight"], shuffled.tensors(0)["classifier.weight"])
    assert FP64.name == "fp64"
