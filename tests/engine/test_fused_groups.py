"""Proof ladder, step 2: K runs in one pass ≡ each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch

from tests.digest import digest
from tests.engine.recording import Kept
from tests.tiny import encoded, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Outcome, Precision, Rows, Training, assemble
from tunefork.errors import UnsupportedModelError
from tunefork.models import Backbone
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
FP32 = Precision(torch.device("cpu"), torch.float32)


def run_of(text: str, seed: int = 0, **training: object) -> RunConfig:
    settings = {"steps": 50, "batch_size": 8, **training}
    return RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig(**settings), seed=seed)


def build(backbone: Backbone, runs: Sequence[RunConfig]) -> GroupModel:
    return assemble(backbone, runs, [select(run.strategy, backbone.anatomy, backbone.model) for run in runs], FP64)


def train(backbone: Backbone, runs: Sequence[RunConfig]) -> tuple[GroupModel, Kept]:
    group, kept = build(backbone, runs), Kept()
    parts = [rows_for(backbone.name, part) for part in (range(90), range(90, 120), range(120, 150))]
    Training(group, runs, Rows(*parts, 0), kept).run()
    return group, kept


DIFFERENT = [
    run_of("lora:rank=8,targets=query+value,dropout=0.2,learning_rate=1e-2", seed=0),
    run_of("lora:rank=2,targets=all-linear,dropout=0.1,learning_rate=3e-3", seed=1, schedule="cosine", warmup=7),
    run_of("head:learning_rate=1e-2", seed=2, weight_decay=0.5),
    run_of("lora:rank=3,alpha=9,targets=mlp,layers=1,use_rslora=true,learning_rate=5e-3", seed=0, max_grad_norm=0.1),
]


@pytest.mark.parametrize("kind", ["bert", "distilbert", "gpt2", "vit", "dinov2", "beit"])
def test_a_fused_run_equals_the_run_alone(kind: str) -> None:
    backbone = tiny_backbone(kind, dropout=0.1)
    together, kept = train(backbone, DIFFERENT)
    for number, run in enumerate(DIFFERENT):
        alone, own = train(backbone, [run])
        expected = alone.tensors(0)
        assert together.tensors(number).keys() == expected.keys()
        for name, tensor in together.tensors(number).items():
            torch.testing.assert_close(
                tensor, expected[name], rtol=1e-7, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}"
            )
        theirs = [record.loss for record in kept.steps if record.run == run.id]
        assert theirs == pytest.approx([record.loss for record in own.steps], rel=1e-5)
        assert [record.accuracy for record, _ in kept.evaluations if record.run == run.id] == [
            record.accuracy for record, _ in own.evaluations
        ]


def test_padded_ranks_stay_exactly_zero() -> None:
    group, _ = train(tiny_backbone("bert"), DIFFERENT)
    banks = [module for module in group.model.modules() if type(module).__name__ == "LoRABank"]
    assert banks
    for bank in banks:
        for run, rank in enumerate(bank.ranks):
            assert torch.count_nonzero(bank.A[run, rank:]) == 0
            assert torch.count_nonzero(bank.B[run, rank:]) == 0
    assert any(0 < rank < max(bank.ranks) for bank in banks for rank in bank.ranks)


def test_perturbing_one_run_leaves_its_neighbours_bit_identical() -> None:
    backbone = tiny_backbone("bert", dropout=0.1)
    before, _ = train(backbone, DIFFERENT)
    changed = [
        DIFFERENT[0],
        run_of("lora:rank=2,targets=all-linear,dropout=0.1,learning_rate=7e-2", seed=1),
        *DIFFERENT[2:],
    ]
    after, _ = train(backbone, changed)
    for number in (0, 2, 3):
        expected = before.tensors(number)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in after.tensors(number).items())
    assert not torch.equal(before.tensors(1)["classifier.weight"], after.tensors(1)["classifier.weight"])


def test_a_run_that_diverges_stops_and_its_neighbours_do_not_notice() -> None:
    backbone = tiny_backbone("bert")
    runs = [run_of("lora:learning_rate=1e-2", seed=0), run_of("lora:learning_rate=1e-2", seed=1)]
    rows = Rows(encoded(range(90)), None, encoded(range(120, 150)), 0)
    healthy = build(backbone, runs)
    Training(healthy, runs, rows, Kept()).run()
    expected = healthy.tensors(1)
    group, kept = build(backbone, runs), Kept()
    training = Training(group, runs, rows, kept)
    untouched = group.tensors(0)["classifier.weight"]
    with torch.no_grad():
        group.slots[0].parameter[0, 0, 0] = float("nan")
    outcomes = training.run()
    assert [outcome.status for outcome in outcomes] == ["diverged", "done"]
    assert "nan at step 1, learning rate 0" in outcomes[0].reason
    assert "rows " in outcomes[0].reason
    assert torch.equal(group.tensors(0)["classifier.weight"], untouched), "stopped before the update"
    assert {record.run for record, _ in kept.evaluations} == {runs[1].id}
    assert all(torch.equal(tensor, expected[name]) for name, tensor in group.tensors(1).items())


def test_what_cannot_share_a_pass_is_refused_with_the_reason() -> None:
    backbone = tiny_backbone("bert")
    with pytest.raises(UnsupportedModelError, match="The run full trains the backbone's own parameters"):
        build(backbone, [run_of("full"), run_of("head")])
    with pytest.raises(UnsupportedModelError, match="keeps the backbone's own dropout"):
        build(backbone, [run_of("head"), run_of("head", seed=1, backbone_dropout="as_pretrained")])


def test_a_run_that_stops_early_leaves_and_the_others_go_on_as_before() -> None:
    """Its weights stay as they were when it stopped; the group shrinks; nobody's numbers change beyond rounding."""
    backbone = tiny_backbone("bert", dropout=0.1)
    stopping = {"metric": "loss", "patience": 1}
    runs = [
        run_of("lora:rank=4,targets=query+value,learning_rate=5e-1", seed=0, eval_every=5, early_stopping=stopping),
        run_of("lora:rank=2,targets=all-linear,dropout=0.2,learning_rate=3e-3", seed=1, eval_every=5),
        run_of("lora:rank=4,targets=query+value,learning_rate=3e-3", seed=2, eval_every=5),
    ]
    group, kept = build(backbone, runs), Kept()
    rows = Rows(encoded(range(90)), encoded(range(90, 120)), encoded(range(120, 150)), 0)
    outcomes = Training(group, runs, rows, kept).run()
    assert outcomes[0].stopped_early
    assert outcomes[0].steps < 50
    assert [outcome.steps for outcome in outcomes[1:]] == [50, 50]
    last = max(record.step for record in kept.steps if record.run == runs[0].id)
    assert last <= outcomes[0].steps
    for number, run in enumerate(runs):
        alone, own = train_alone(backbone, run, rows)
        assert own.steps == outcomes[number].steps
        expected = alone.tensors(0)
        for name, tensor in group.tensors(number).items():
            torch.testing.assert_close(tensor, expected[name], rtol=1e-7, atol=1e-9)
    tests = {record.run for record, _ in kept.evaluations if record.split == "test"}
    assert tests == {run.id for run in runs}, "a run that left is tested as well"


class Unwanted:
    """From a step on nobody wants to know of some runs."""

    def __init__(self, runs: Sequence[RunConfig], at: int) -> None:
        self.runs, self.at = frozenset(run.id for run in runs), at
        self.asked: list[tuple[int, frozenset[str]]] = []

    def stop(self) -> int | None:
        return None

    def unread(self, step: int, steps: int, seconds: Mapping[str, float]) -> frozenset[str]:
        assert steps == 50
        assert all(each > 0 for each in seconds.values())
        self.asked.append((step, frozenset(seconds)))
        return self.runs if step >= self.at else frozenset()


SOON = {"metric": "loss", "patience": 1, "min_delta": 100.0}
THREE = [
    run_of("lora:rank=4,targets=query+value,learning_rate=1e-2", seed=0, eval_every=5, early_stopping=SOON),
    run_of("lora:rank=2,targets=all-linear,dropout=0.2,learning_rate=3e-3", seed=1, eval_every=5),
    run_of("lora:rank=4,targets=query+value,dropout=0.1,learning_rate=3e-3", seed=2, eval_every=5),
]
"""The first stops early, behind step 10."""


def trained(runs: Sequence[RunConfig], wishes: Unwanted | None) -> tuple[GroupModel, Kept, list[Outcome]]:
    backbone, kept = tiny_backbone("bert", dropout=0.1), Kept()
    group = assemble(backbone, runs, [select(run.strategy, backbone.anatomy, backbone.model) for run in runs], FP32)
    rows = Rows(encoded(range(90)), encoded(range(90, 120)), encoded(range(120, 150)), 0)
    return group, kept, Training(group, runs, rows, kept, wishes=wishes).run()


def told_of(kept: Kept, run: RunConfig) -> list[tuple[object, ...]]:
    """Everything but times."""
    steps = [(each.step, each.epoch, each.loss, each.learning_rate) for each in kept.steps if each.run == run.id]
    evaluations = [
        (each.split, each.step, each.epoch, each.loss, digest(answers.logits.tobytes()))
        for each, answers in kept.evaluations
        if each.run == run.id
    ]
    return [*steps, *evaluations]


@pytest.mark.parametrize(("number", "at"), [(0, 3), (1, 3), (1, 27), (2, 12)])
def test_neighbours_of_a_run_that_nobody_wants_keep_their_very_bits(number: int, at: int) -> None:
    """Also where it would have stopped early later on, with which the group shrinks. In fp32: there a smaller group
    rounds in another way, which fp64 and bf16 do not show."""
    group, kept, outcomes = trained(THREE, None)
    assert [outcome.steps for outcome in outcomes] == [10, 50, 50]
    wishes = Unwanted([THREE[number]], at)
    again, after, ends = trained(THREE, wishes)
    for other in {0, 1, 2} - {number}:
        assert told_of(after, THREE[other]) == told_of(kept, THREE[other])
        assert ends[other].best_step == outcomes[other].best_step
        for name, tensor in group.tensors(other).items():
            assert torch.equal(tensor, again.tensors(other)[name]), name
    assert [step for step, _ in wishes.asked] == list(range(1, 50)), "behind the last step nothing is left to stop"
    assert wishes.asked[10][1] == {run.id for run in THREE[1:]}, "who has ended cannot be stopped"


def test_where_nobody_wants_what_is_under_way_training_ends() -> None:
    """What stopped early before is tested as it would have been, and its record does not tell of its neighbours."""
    _, kept, _ = trained(THREE, None)
    _, after, outcomes = trained(THREE, Unwanted(THREE[1:], 23))
    assert after.advanced[-1] == 23
    assert [outcome.steps for outcome in outcomes] == [10, 23, 23]
    assert told_of(after, THREE[0]) == told_of(kept, THREE[0])


def test_where_nobody_wants_any_of_them_nothing_is_tested() -> None:
    _, kept, _ = trained(THREE, Unwanted(THREE, 4))
    assert kept.advanced[-1] == 4
    assert kept.evaluations == []


def train_alone(backbone: Backbone, run: RunConfig, rows: Rows) -> tuple[GroupModel, Outcome]:
    group = build(backbone, [run])
    return group, Training(group, [run], rows, Kept()).run()[0]


def test_few_products_serve_neighbours_of_equal_rank() -> None:
    from tunefork.engine.banks import segments
    from tunefork.engine.members import Members

    members = Members(5, tokens=(64, 64, 64, 32, 32), width=256)
    found = segments(members, 256, [8, 8, 2, 8, 8], [2.0, 2.0, 2.0, 2.0, 1.0])
    assert [(part.first, part.end, part.run, part.runs) for part in found] == [
        (0, 128, 0, 2), (128, 192, 2, 1), (192, 224, 3, 1), (224, 256, 4, 1),
    ]  # fmt: skip
    members.active = (0, 2, 3)
    members.tokens, members.width = (64, 64, 32), 160
    found = segments(members, 160, [8, 8, 8, 8, 8], [2.0] * 5)
    assert [(part.run, part.runs) for part in found] == [(0, 1), (2, 1), (3, 1)], "a run that left parts its neighbours"
