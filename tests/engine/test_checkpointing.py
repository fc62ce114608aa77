"""Activations computed twice give the very same training, and keep less."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.engine.recording import Kept
from tests.tiny import encoded, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Outcome, Precision, Rows, Training, assemble, checkpointing, memory
from tunefork.strategies import select

CPU = torch.device("cpu")
DROPPED = {"full": 1, "last_layers:count=2": 1, "lora:rank=3,targets=all-linear,dropout=0.1": 3}


def training(kind: str, text: str, runs: int, **settings: object) -> tuple[GroupModel, Training]:
    backbone = tiny_backbone(kind, dropout=0.1)
    whole = "as_pretrained" if runs == 1 else "off"  # the backbone's own dropout trains alone
    config = TrainingConfig.model_validate({"steps": 6, "batch_size": 4, "backbone_dropout": whole, **settings})
    configs = [RunConfig(strategy=parse_run(text).strategies[0], training=config, seed=seed) for seed in range(runs)]
    selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in configs]
    group = assemble(backbone, configs, selections, Precision(CPU, torch.float32))
    return group, Training(group, configs, Rows(encoded(range(40)), None, None, 0), Kept())


def kept_bytes(work: Training) -> int:
    """What a step's forward pass leaves for backward."""
    found: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    weights = {parameter.untyped_storage().data_ptr() for parameter in work.group.model.parameters()}
    batch = work.group.batch(work.rows.train, [torch.arange(16).numpy()] * work.group.runs, 0)
    work.group.at_step(0, batch)
    work.group.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        work.group.logits(batch)
    return sum(size for place, size in found.items() if place not in weights)


@pytest.mark.parametrize("text", DROPPED)
@pytest.mark.parametrize("kind", ["bert", "gpt2", "mpnet"])
def test_the_same_weights_to_the_last_bit(kind: str, text: str) -> None:
    ended = []
    for wish in ("off", "on"):
        group, work = training(kind, text, DROPPED[text], checkpointing=wish)
        work.run()
        ended.append(group.tensors(0))
    assert all(torch.equal(tensor, ended[1][name]) for name, tensor in ended[0].items())


def test_less_is_kept() -> None:
    sizes = [kept_bytes(training("bert", "full", 1, checkpointing=wish)[1]) for wish in ("off", "on")]
    assert sizes[1] < 0.7 * sizes[0], sizes  # of two blocks, the first is computed again


def outcome(work: Training) -> Outcome:
    return work.run()[0]


def test_it_is_chosen_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "available_bytes", lambda device: 100_000)
    group, work = training("bert", "full", 1)
    assert all(block.forward.forward.on for block in [group.model.bert.encoder.layer[0]])
    (notice,) = outcome(work).notices
    assert "memory was short (0.0 GiB for a batch of " in notice
    assert "0.0 GiB free), so activations were computed twice; a smaller batch_size is faster" in notice


def test_it_is_not_chosen_where_memory_is_plenty_or_by_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    group, work = training("bert", "full", 1)
    assert not group.model.bert.encoder.layer[0].forward.forward.on
    assert outcome(work).notices == ()
    monkeypatch.setattr(checkpointing, "available_bytes", lambda device: 100_000)
    group, _ = training("bert", "full", 1, checkpointing="off")
    assert not group.model.bert.encoder.layer[0].forward.forward.on


def test_heads_on_cached_features_never_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "available_bytes", lambda device: 1)
    group, _ = training("bert", "head", 3, backbone_dropout="off")
    assert group.depth == 2
    assert not group.model.bert.encoder.layer[0].forward.forward.on


def test_the_estimate_is_near_what_is_kept() -> None:
    """Within a factor of two, for a model that is wide enough for its activations to outweigh the rest."""
    _, work = training("bert", "full", 1, backbone_dropout="off")
    tokens = int(work.rows.train.lengths[:16].sum())
    estimate = tokens * 2 * checkpointing.NUMBERS * 32 * 4
    assert 0.5 < kept_bytes(work) / estimate < 2.0


def test_a_container_may_use_less_than_the_system_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    free = memory.available_bytes(CPU)
    assert free > 2**20
    (tmp_path / "memory.max").write_text("1048576\n")
    (tmp_path / "memory.current").write_text("48576\n")
    assert memory.available_bytes(CPU) == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_bytes(CPU) > 2**20
