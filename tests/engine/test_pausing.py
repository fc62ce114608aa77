"""A run that was laid aside and taken up again ≡ the run that never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.engine.recording import Kept
from tests.tiny import rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Outcome, Paused, Precision, Rows, Training, assemble
from tunefork.errors import StoreError
from tunefork.models import Backbone
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
BF16 = Precision(torch.device("cpu"), torch.bfloat16)


def run_of(text: str, seed: int = 0, **training: object) -> RunConfig:
    settings = {"steps": 20, "batch_size": 8, "eval_every": 5, "log_every": 3, **training}
    return RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig(**settings), seed=seed)


class Trained:
    def __init__(
        self,
        backbone: Backbone,
        runs: Sequence[RunConfig],
        precision: Precision,
        kept: Kept,
        *,
        until: int | None = None,
        resumed: Sequence[Paused] = (),
    ) -> None:
        selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in runs]
        self.group: GroupModel = assemble(backbone, runs, selections, precision)
        parts = [rows_for(backbone.name, part) for part in (range(90), range(90, 120), range(120, 150))]
        training = Training(self.group, runs, Rows(*parts, 0), kept, until=until, resumed=resumed)
        self.outcomes: list[Outcome] = training.run()

    @property
    def paused(self) -> list[Paused]:
        return [outcome.paused for outcome in self.outcomes if outcome.paused is not None]


GROUPS = {
    "adapters and a head": [
        run_of("lora:rank=8,targets=query+value,dropout=0.2,learning_rate=1e-2", seed=0),
        run_of("lora:rank=2,targets=all-linear,learning_rate=3e-3", seed=1, schedule="cosine", warmup=7),
        run_of("head:learning_rate=1e-2", seed=2, weight_decay=0.5),
    ],
    "full": [run_of("full:learning_rate=1e-3", weight_decay=0.1)],
    "full, with the backbone's dropout": [run_of("full:learning_rate=1e-3", backbone_dropout="as_pretrained")],
    "last layer": [run_of("last_layers:count=1,learning_rate=1e-3", accumulation=2)],
    "bias": [run_of("lora:rank=4,bias=all,learning_rate=1e-3")],
}


@pytest.mark.parametrize("runs", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("precision", [FP64, BF16], ids=["fp64", "bf16"])
def test_a_resumed_run_has_the_very_bits_of_one_that_never_stopped(
    runs: list[RunConfig], precision: Precision, tmp_path: Path
) -> None:
    backbone = tiny_backbone("bert", dropout=0.1)
    whole, parts = Kept(), Kept()
    expected = Trained(backbone, runs, precision, whole)
    first = Trained(backbone, runs, precision, parts, until=5)
    assert [outcome.status for outcome in first.outcomes] == ["paused"] * len(runs)
    assert not [record for record, _ in parts.evaluations if record.split == "test"]
    for number, paused in enumerate(first.paused):
        paused.save(tmp_path / f"{number}.safetensors")
    again = [Paused.read(tmp_path / f"{number}.safetensors") for number in range(len(runs))]
    second = Trained(backbone, runs, precision, parts, until=15, resumed=again)
    third = Trained(backbone, runs, precision, parts, resumed=second.paused)
    for number in range(len(runs)):
        for name, tensor in expected.group.tensors(number).items():
            assert torch.equal(third.group.tensors(number)[name], tensor), name
    for one, other in zip(expected.outcomes, third.outcomes):
        assert (one.status, one.steps, one.best_step, one.converged) == (
            other.status, other.steps, other.best_step, other.converged
        )  # fmt: skip

    def records(kept: Kept) -> list[tuple[object, ...]]:
        return sorted((step.run, step.step, step.loss, step.learning_rate) for step in kept.steps)

    def scores(kept: Kept) -> list[tuple[object, ...]]:
        return sorted((each.run, each.split, each.step, each.loss, each.accuracy) for each, _ in kept.evaluations)

    assert records(parts) == records(whole)
    assert scores(parts) == scores(whole)


def test_a_run_may_go_on_in_another_group() -> None:
    backbone, runs = tiny_backbone("bert", dropout=0.1), GROUPS["adapters and a head"]
    first = Trained(backbone, runs, FP64, Kept(), until=10)
    for number, run in enumerate(runs):
        alone = Trained(backbone, [run], FP64, Kept())
        rest = Trained(backbone, [run], FP64, Kept(), resumed=[first.paused[number]])
        for name, tensor in alone.group.tensors(0).items():
            torch.testing.assert_close(rest.group.tensors(0)[name], tensor, rtol=1e-7, atol=1e-9)


def test_early_stopping_goes_on_waiting_where_it_was() -> None:
    backbone = tiny_backbone("bert", dropout=0.1)
    stopping = {"metric": "loss", "patience": 2, "min_delta": 100.0}
    run = run_of("head:learning_rate=1e-4", early_stopping=stopping)
    first = Trained(backbone, [run], FP64, Kept(), until=10)
    second = Trained(backbone, [run], FP64, Kept(), resumed=first.paused)
    assert (second.outcomes[0].stopped_early, second.outcomes[0].steps) == (True, 15)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"no tensors")
    with pytest.raises(StoreError, match=r"cannot be taken up again \(.*run\.safetensors\)"):
        Paused.read(path)
