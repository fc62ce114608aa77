"""Proof ladder, step 3: packed ≡ one example at a time; sequences do not see each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.tiny import encoded, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.data import EncodedSplit, ImageSplit, TokenSplit
from tunefork.data.images.pixels import Pixels
from tunefork.engine import GroupModel, Precision, assemble, model_inputs
from tunefork.engine.batches import collate
from tunefork.engine.packing import ROUND, Packed
from tunefork.engine.pictures import Pictures
from tunefork.models import Backbone
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
PACKED = ("bert", "roberta", "distilbert", "electra", "gpt2", "modernbert", "llama", "qwen2", "qwen3")
IMAGES = ("vit", "deit", "dinov2", "dinov2_with_registers")
EXACT = {"rtol": 1e-9, "atol": 1e-11}
ROUGH = {"rtol": 1e-5, "atol": 1e-6}
"""Rotary positions and RMS norms are computed in fp32 whatever the model's precision."""


def tolerance(kind: str) -> dict[str, float]:
    return ROUGH if kind in ("modernbert", "llama", "qwen2", "qwen3") else EXACT


def group_of(backbone: Backbone, *texts: str) -> GroupModel:
    runs = [
        RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig(batch_size=8), seed=seed)
        for seed, text in enumerate(texts)
    ]
    return assemble(backbone, runs, [select(run.strategy, backbone.anatomy, backbone.model) for run in runs], FP64)


def gradients(group: GroupModel) -> dict[str, torch.Tensor]:
    """The gradients of every slot, as the optimizer will find them."""
    group.collect()
    found = {slot.name: slot.parameter.grad for slot in group.slots if slot.direct}
    flat = {"arena": group.arena.gradients.clone()}
    return flat | {
        name: grad.to_dense() if grad.is_sparse else grad.clone() for name, grad in found.items() if grad is not None
    }


@pytest.mark.parametrize("strategy", ["full", "lora:rank=3,targets=all-linear"])
@pytest.mark.parametrize("kind", PACKED + IMAGES)
def test_packed_equals_one_example_at_a_time(kind: str, strategy: str) -> None:
    """Logits against transformers' own attention on padded rows; gradients against lone examples."""
    backbone, split = tiny_backbone(kind, dtype=torch.float64), rows_for(kind, range(24))
    assert backbone.anatomy.packs
    rows = np.array([3, 17, 4, 9, 20, 11])
    packed = group_of(backbone, strategy)
    batch = packed.batch(split, [rows], 0)
    assert isinstance(batch, Pictures if kind in IMAGES else Packed)
    logits = packed.logits(batch)[0]
    inputs = {
        name: each.double() if each.is_floating_point() else each
        for name, each in model_inputs(split, batch.rows[0], 0, FP64.device).items()
    }
    plain = backbone.copy()
    plain.set_attn_implementation("sdpa" if kind in IMAGES else "eager")  # ViT's eager softmax is in fp32
    head = packed.tensors(0)
    with torch.no_grad():
        for name, tensor in head.items():
            if not name.endswith((".lora_A", ".lora_B")):
                plain.get_parameter(name).copy_(tensor)
    torch.testing.assert_close(logits, plain(**inputs).logits, **tolerance(kind))
    F.cross_entropy(logits, batch.labels[0], reduction="sum").backward()
    together = gradients(packed)

    alone = group_of(backbone, strategy)
    for row in rows:
        single = alone.batch(split, [np.array([row])], 0)
        F.cross_entropy(alone.logits(single)[0], single.labels[0], reduction="sum").backward()
    expected = gradients(alone)
    assert together.keys() == expected.keys()
    for name, grad in together.items():
        torch.testing.assert_close(grad, expected[name], **tolerance(kind), msg=lambda text, at=name: f"{at}: {text}")


def changed(split: EncodedSplit, row: int) -> EncodedSplit:
    if isinstance(split, ImageSplit):
        pixels = split.pixels.take(np.arange(len(split)))
        pixels[row] = 255 - pixels[row]
        return replace(split, pixels=Pixels(pixels))
    assert isinstance(split, TokenSplit)
    tokens = list(split.tokens)
    tokens[row] = (tokens[row] * 7 + 3) % 500
    return replace(split, tokens=tokens)


@pytest.mark.parametrize("kind", PACKED + IMAGES)
def test_another_row_changes_nothing_for_its_neighbours(kind: str) -> None:
    backbone, split = tiny_backbone(kind, dtype=torch.float64), rows_for(kind, range(24))
    group = group_of(backbone, "lora:rank=3,targets=query+value", "lora:rank=2,targets=query+value")
    rows = [np.arange(8), np.arange(6, 14)]
    batch = group.batch(split, rows, 0)
    before, after = group.evaluate_logits(batch), group.evaluate_logits(group.batch(changed(split, 7), rows, 0))
    for run in (0, 1):
        same = batch.rows[run] != 7
        assert torch.equal(before[run][same], after[run][same])
        assert not torch.equal(before[run][~same], after[run][~same])


def test_pairs_keep_their_token_types() -> None:
    backbone, split = tiny_backbone("bert", dtype=torch.float64), encoded(range(12))
    types = [np.arange(len(each), dtype=np.int32) >= len(each) // 2 for each in split.tokens]
    pairs = replace(split, types=[each.astype(np.int32) for each in types])
    group = group_of(backbone, "head")
    batch = group.batch(pairs, [np.arange(12)], 0)
    inputs, _ = collate(pairs, [batch.rows[0]], 0, FP64.device)
    plain = backbone.copy()
    with torch.no_grad():
        plain.classifier.weight.copy_(group.tensors(0)["classifier.weight"])
        plain.classifier.bias.copy_(group.tensors(0)["classifier.bias"])
        torch.testing.assert_close(group.logits(batch)[0], plain(**inputs).logits, **EXACT)
    without = group.evaluate_logits(group.batch(split, [np.arange(12)], 0))
    assert not torch.allclose(without, group.evaluate_logits(batch))


def test_roberta_counts_positions_from_behind_its_padding_id() -> None:
    backbone = tiny_backbone("roberta", dtype=torch.float64)
    batch = group_of(backbone, "head").batch(encoded(range(4)), [np.arange(4)], 0)
    assert isinstance(batch, Packed)
    positions = batch.inputs()["position_ids"][0][: len(encoded(range(4)).tokens[batch.rows[0, 0]])]
    assert positions.tolist() == list(range(1, len(positions) + 1))


def test_every_run_is_filled_up_to_few_sizes_with_a_place_to_spare() -> None:
    split = encoded(range(60))
    for size in (1, 5, 16):
        batch = Packed(split, [np.arange(size), np.arange(20, 20 + size)], "first", 2, 0, FP64.device)
        assert all(total % ROUND == 0 for total in batch.totals)
        own = split.lengths[batch.rows].sum(axis=1)
        assert all(total > tokens for total, tokens in zip(batch.totals, own))
        assert batch.width == sum(batch.totals)
        ids = batch.inputs()["input_ids"][0].numpy()
        flat = np.concatenate([split.tokens[row] for row in batch.rows.ravel()])
        assert (ids[batch.places] == flat).all()
