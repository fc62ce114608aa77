"""Saved runs that answer together: each as transformers answers for it alone, whatever its rows and labels."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny import FAMILIES, IMAGE_CONFIGS, rows_for, tiny_backbone
from tunefork import Full, Head, LoRA, Peft, Study, load_data
from tunefork.config import LoRAStrategy
from tunefork.engine import Precision, load_base, model_inputs
from tunefork.engine.serving import Addition, assemble_served, may_add, read_addition
from tunefork.models import Backbone, skeleton, weight_in_out
from tunefork.strategies import select

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
KINDS = (*FAMILIES, *IMAGE_CONFIGS)


def addition(backbone: Backbone, labels: int, strategy: LoRAStrategy | None, seed: int) -> Addition:
    """Random adapters and a random head."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * 0.3

    anatomy = backbone.anatomy
    bare = skeleton(backbone.model.config, labels)
    head = {name: random(*bare.get_parameter(name).shape) for name in anatomy.inside(anatomy.head)}
    if strategy is None:
        return Addition(labels, head)
    adapters: dict[str, torch.Tensor] = {}
    for each in select(strategy, anatomy, backbone.model).adapters:
        adapters[f"{each.module}.lora_A"] = random(each.rank, each.inputs)
        adapters[f"{each.module}.lora_B"] = random(each.outputs, each.rank)
    return Addition(labels, head, strategy, adapters)


@torch.no_grad()
def alone(backbone: Backbone, added: Addition, split: Any, rows: range) -> np.ndarray:
    """What transformers' own model gives with the adapters merged into it, asked row by row."""
    config = copy.deepcopy(backbone.model.config)
    config.num_labels = added.labels
    model = type(backbone.model)(config).double().eval()
    model.load_state_dict(dict(backbone.model.state_dict()) | dict(added.head))
    for name, down in (added.adapters or {}).items():
        module, _, part = name.rpartition(".")
        if part == "lora_A":
            up, scale = added.adapters[f"{module}.lora_B"], added.strategy.scale  # type: ignore[index, union-attr]
            weight_in_out(model.get_submodule(module)).add_((scale * up @ down).t())
    found = []
    for row in rows:
        inputs = model_inputs(split, np.array([row]), 0, FP64.device)
        floats = {name: each.double() for name, each in inputs.items() if name == "pixel_values"}
        found.append(model(**(inputs | floats)).logits[0])
    return torch.stack(found).numpy()


def members(backbone: Backbone) -> list[Addition]:
    small: LoRAStrategy | None = LoRAStrategy(rank=4, targets="query+value")
    wide: LoRAStrategy | None = LoRAStrategy(rank=3, alpha=9, targets="all-linear", use_rslora=True)
    if backbone.anatomy.shared_positions:  # only heads share a pass there
        small = wide = None
    labels = (3, 5, 2, 3, 1)
    return [addition(backbone, *each) for each in zip(labels, (small, None, wide, small, small), range(5))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("active", "counts"),
    [((0, 1, 2, 3, 4), (1, 3, 2, 7, 1)), ((0, 3, 4), (2, 2, 2)), ((4,), (5,)), ((1, 2), (9, 1))],
)
def test_each_answers_as_alone(kind: str, active: tuple[int, ...], counts: tuple[int, ...]) -> None:
    backbone = tiny_backbone(kind, dtype=torch.float64)
    added = members(backbone)
    group = assemble_served(replace(backbone, model=copy.deepcopy(backbone.model)), added, FP64)
    split = rows_for(kind, range(sum(counts)))
    group.members.active = active
    found = group.answer(split, counts, 0)
    end = 0
    for number, count in zip(active, counts):
        rows, end = range(end, end + count), end + count
        expected = alone(backbone, added[number], split, rows)
        np.testing.assert_allclose(
            found[rows.start : rows.stop, : added[number].labels], expected, rtol=2e-6, atol=2e-6
        )
        assert not found[rows.start : rows.stop, added[number].labels :].any()
    assert group.members.sequences == ()


def test_a_pass_needs_no_run_that_is_not_asked() -> None:
    """A run whose weights are no numbers spoils nobody's answers, and is not computed where it is not asked."""
    backbone = tiny_backbone("bert", dtype=torch.float64)
    added = members(backbone)
    split = rows_for("bert", range(6))
    spoiled = replace(added[2], adapters={name: each * torch.nan for name, each in (added[2].adapters or {}).items()})
    group = assemble_served(replace(backbone, model=copy.deepcopy(backbone.model)), [*added[:2], spoiled], FP64)
    group.members.active = (0, 1, 2)
    found = group.answer(split, (2, 2, 2), 0)
    assert np.isfinite(found[:4]).all()
    assert np.isnan(found[4:, :2]).all()
    group.members.active = (0, 1)
    assert np.array_equal(group.answer(split, (3, 3), 0)[:2], found[:2])


TRAINING = {"steps": 4, "batch_size": 8, "precision": "fp32"}


def test_what_a_saved_run_adds(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    compare = [
        LoRA(rank=2, use_rslora=True), Head(), Full(), LoRA(rank=2, bias="lora_only"), Peft(type="IA3"),
        Peft(type="LORA", r=2, use_dora=True, target_modules="query+value"),
    ]  # fmt: skip
    data = load_data(messages_csv, text="message", label="intent", max_length=16)
    study = Study(model=str(tiny_folder), data=data, compare=compare, training=TRAINING)
    folders = [run.folder for run in study.run(tmp_path / "out", progress=False, workers=1).runs()]
    base = load_base(folders[0])
    lora, head, *others = [read_addition(folder, base) for folder in folders]
    assert [may_add(folder) for folder in folders] == [True, True, False, True, True, True]
    assert others == [None] * 4
    assert lora is not None
    assert lora.strategy is not None
    assert (lora.labels, lora.strategy.scale) == (3, 4 / 2**0.5)
    assert set(lora.adapters or ()) == {
        f"bert.encoder.layer.{block}.attention.self.{role}.lora_{part}"
        for block in (0, 1) for role in ("query", "value") for part in "AB"
    }  # fmt: skip
    assert head is not None
    assert head.adapters is None
    assert sorted(head.head) == sorted(base.anatomy.inside(base.anatomy.head))


def test_what_does_not_belong_to_the_backbone_shares_nothing(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    data = load_data(messages_csv, text="message", label="intent", max_length=16)
    study = Study(model=str(tiny_folder), data=data, compare=[LoRA(rank=2), Head()], training=TRAINING)
    adapter, head = (run.folder for run in study.run(tmp_path / "out", progress=False, workers=1).runs())
    base = load_base(adapter)
    with torch.no_grad():
        base.model.get_parameter("bert.embeddings.LayerNorm.bias").add_(1e-3)
    assert read_addition(head, base) is None  # its frozen weights are not this backbone's
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "lora_A" in name)
    for wrong in (
        {**tensors, name: tensors[name][:, :-1].contiguous()},  # of another width
        {**tensors, name.replace("query", "nothing"): tensors[name].clone()},
        {key: each for key, each in tensors.items() if key != name},
        {**tensors, "base_model.model.bert.embeddings.LayerNorm.bias": torch.zeros(32)},  # modules_to_save
    ):
        save_file(wrong, file)
        assert read_addition(adapter, base) is None
    save_file(tensors, file)
    assert read_addition(adapter, base) is not None
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"rank_pattern": {"query": 4}}), encoding="utf-8")
    assert read_addition(adapter, base) is None
