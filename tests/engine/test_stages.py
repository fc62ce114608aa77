"""Proof ladder, step 4: cached prefix ≡ uncached, pruned last block ≡ whole one: logits and gradients in fp64."""

from __future__ import annotations

import errno
import os
import resource

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.engine.test_packing import EXACT, FP64, gradients, tolerance
from tests.tiny import encoded, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.data import EncodedSplit
from tunefork.engine import GroupModel, PrefixCache, assemble
from tunefork.engine.packing import Packed
from tunefork.engine.stages import Stage
from tunefork.models import Backbone
from tunefork.strategies import frozen_depth, select

ROWS = [np.array([3, 17, 4, 9, 20, 11])]
DEPTHS = {"head": 2, "last_layers": 1, "lora:rank=3,targets=query+value,layers=1": 1}


def build(backbone: Backbone, texts: list[str], cache: PrefixCache | None) -> GroupModel:
    runs = [
        RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig(), seed=seed)
        for seed, text in enumerate(texts)
    ]
    selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in runs]
    return assemble(backbone, runs, selections, FP64, cache)


def passed(group: GroupModel, split: EncodedSplit) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    batch = group.batch(split, ROWS * group.runs, 0)
    logits = group.logits(batch)
    F.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), reduction="sum").backward()
    return logits.detach(), gradients(group)


@pytest.mark.parametrize("strategy", DEPTHS)
@pytest.mark.parametrize(
    "kind", ["bert", "roberta", "distilbert", "gpt2", "modernbert", "llama", "vit", "deit", "dinov2"]
)
def test_a_cached_prefix_gives_the_same(kind: str, strategy: str) -> None:
    backbone, split = tiny_backbone(kind, dtype=torch.float64), rows_for(kind, range(24))
    selection = select(parse_run(strategy).strategies[0], backbone.anatomy, backbone.model)
    assert frozen_depth(backbone.anatomy, selection) == DEPTHS[strategy]
    logits, grads = passed(build(backbone, [strategy], PrefixCache()), split)
    expected, wanted = passed(build(backbone, [strategy], None), split)
    torch.testing.assert_close(logits, expected, **tolerance(kind))
    for name, grad in grads.items():
        torch.testing.assert_close(grad, wanted[name], **tolerance(kind), msg=lambda text, name=name: f"{name}: {text}")


def test_the_blocks_of_a_cached_prefix_do_not_run() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    group = build(backbone, ["last_layers"], PrefixCache())
    passed(group, split)
    calls = []
    blocks = [group.model.get_submodule(name) for name in backbone.anatomy.blocks]
    for number, block in enumerate(blocks):
        block.attention.register_forward_hook(lambda *_, number=number: calls.append(number))
    passed(group, split)
    assert calls == [1]


@pytest.mark.parametrize("strategy", ["full", "lora:rank=3,targets=all-linear", "last_layers"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "electra", "gpt2", "vit", "deit"])
def test_a_pruned_last_block_gives_the_same(kind: str, strategy: str) -> None:
    backbone, split = tiny_backbone(kind, dtype=torch.float64), rows_for(kind, range(24))
    pruned, whole = build(backbone, [strategy], None), build(backbone, [strategy], None)
    last = whole.model.get_submodule(backbone.anatomy.blocks[-1])
    assert isinstance(last.forward, Stage)
    assert last.forward.prunes
    last.forward.prunes = False
    logits, grads = passed(pruned, split)
    expected, wanted = passed(whole, split)
    torch.testing.assert_close(logits, expected, **EXACT)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, wanted[name], **EXACT, msg=lambda text, name=name: f"{name}: {text}")


def test_a_pruned_last_block_sees_few_tokens() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    group = build(backbone, ["full"], None)
    seen: dict[str, int] = {}
    for name in ("query", "key"):
        module = group.model.get_submodule(f"{backbone.anatomy.blocks[-1]}.attention.self.{name}")
        module.register_forward_hook(lambda _, args, out, name=name: seen.__setitem__(name, out.shape[1]))
    mlp = group.model.get_submodule(f"{backbone.anatomy.blocks[-1]}.intermediate")
    mlp.register_forward_hook(lambda _, args, out: seen.__setitem__("mlp", out.shape[1]))
    passed(group, split)
    assert seen["mlp"] == seen["query"] == len(ROWS[0])


def test_heads_share_one_pass_over_the_data() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    cache = PrefixCache()
    group = build(backbone, ["head", "head:learning_rate=0.1", "head"], cache)
    counted = []
    block = group.model.get_submodule(backbone.anatomy.blocks[0])
    block.attention.register_forward_hook(lambda *_: counted.append(1))
    for _ in range(5):
        passed(group, split)
    assert len(counted) == 1, "24 rows are one pass"
    another = build(backbone, ["head"], cache)
    batch = another.batch(split, ROWS, 0)
    assert isinstance(batch, Packed)
    assert batch.hidden is not None
    assert batch.hidden.shape == (6, 1, 32)


def test_a_deeper_prefix_goes_on_from_a_shallower_one() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    cache = PrefixCache()
    passed(build(backbone, ["last_layers"], cache), split)
    group = build(backbone, ["head"], cache)
    calls: list[int] = []
    for number, name in enumerate(backbone.anatomy.blocks):
        group.model.get_submodule(name).attention.register_forward_hook(lambda *_, number=number: calls.append(number))
    logits, _ = passed(group, split)
    assert calls == [1]
    torch.testing.assert_close(logits, passed(build(backbone, ["head"], None), split)[0], **EXACT)


def test_what_does_not_fit_in_memory_goes_to_a_file_and_then_is_computed() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    expected = passed(build(backbone, ["last_layers"], None), split)[0]
    tokens = int(split.lengths.sum())
    for memory, disk, cached in ((10**9, 0, True), (0, 10**9, True), (0, tokens * 32 * 8 - 1, False)):
        cache = PrefixCache(memory=memory, disk=disk)
        group = build(backbone, ["last_layers"], cache)
        batch = group.batch(split, ROWS, 0)
        assert isinstance(batch, Packed)
        assert (batch.hidden is not None) == cached
        torch.testing.assert_close(passed(group, split)[0], expected, **EXACT)


@pytest.mark.parametrize("how", ["no room", "too large a file"])
def test_where_the_disk_is_full_states_are_computed_anew(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(24))
    expected = passed(build(backbone, ["last_layers"], None), split)[0]
    if how == "no room":

        def full(*_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "posix_fallocate", full)
    cache = PrefixCache(memory=0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096 if how == "too large a file" else limits[0], limits[1]))
    try:
        group = build(backbone, ["last_layers"], cache)
        batch = group.batch(split, ROWS, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(batch, Packed)
    assert batch.hidden is None
    torch.testing.assert_close(passed(group, split)[0], expected, **EXACT)
