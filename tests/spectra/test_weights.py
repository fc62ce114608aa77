"""Saved runs as matrices; the oracles are the adapter's own tensors and PEFT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora.intruders import reduce_intruder_dimension
from safetensors.torch import load_file

from tests.tiny import tiny_backbone, tiny_model, tokenizer
from tunefork.errors import StoreError
from tunefork.models import Backbone, load_adapter, load_backbone
from tunefork.spectra import base_model, change_of, count_intruders, matrix_of, tuned_model

TARGETS = {"bert": ["query", "value"], "gpt2": ["c_attn", "c_proj"], "deberta-v2": ["query_proj"]}


def adapter(backbone: Backbone, folder: Path, targets: list[str], spread: float = 0.5, **settings: Any) -> Path:
    """An adapter with random weights, as PEFT saves it."""
    config = LoraConfig(
        r=4, lora_alpha=6, target_modules=targets, task_type="SEQ_CLS",
        fan_in_fan_out=backbone.anatomy.family == "gpt2", **settings,
    )  # fmt: skip
    model = get_peft_model(backbone.copy(), config)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(spread * torch.randn_like(parameter))
    model.save_pretrained(str(folder), save_embedding_layers=False)
    return folder


@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("kind", TARGETS)
def test_an_adapter_s_change_is_its_product(kind: str, rslora: bool, tmp_path: Path) -> None:
    base = tiny_backbone(kind)
    scale = 6 / 4**0.5 if rslora else 6 / 4
    folder = adapter(base, tmp_path, TARGETS[kind], use_rslora=rslora)
    tuned = tuned_model(folder, base, exact=True)
    tensors = load_file(folder / "adapter_model.safetensors")
    adapted = 0
    for linear in base.anatomy.linears:
        change = matrix_of(tuned, linear.name) - matrix_of(base.model, linear.name)
        assert change.shape == (linear.outputs, linear.inputs)
        down = tensors.get(f"base_model.model.{linear.name}.lora_A.weight")
        if down is None:
            assert not change.any()
            continue
        adapted += 1
        up = tensors[f"base_model.model.{linear.name}.lora_B.weight"]
        np.testing.assert_allclose(change, scale * (up.double() @ down.double()).numpy(), atol=1e-14)
    assert adapted == {"bert": 4, "gpt2": 6, "deberta-v2": 2}[kind]


def test_a_merge_in_float32_is_the_same_to_its_precision(tmp_path: Path) -> None:
    base = tiny_backbone("bert")
    folder = adapter(base, tmp_path, ["query", "value"])
    merged = load_adapter(base.copy(), folder).merge_and_unload()
    exact, plain = tuned_model(folder, base, exact=True), tuned_model(folder, base)
    for linear in base.anatomy.linears:
        np.testing.assert_allclose(matrix_of(exact, linear.name), matrix_of(merged, linear.name), atol=1e-6)
        np.testing.assert_array_equal(matrix_of(plain, linear.name), matrix_of(merged, linear.name))
    assert base.model.dtype == torch.float32, "the base is not changed"
    torch.testing.assert_close(base.model.state_dict(), tiny_model("bert").state_dict())


def test_an_exact_merge_keeps_the_rank_of_a_small_change(tmp_path: Path) -> None:
    base = tiny_backbone("bert")
    folder = adapter(base, tmp_path, ["query"], spread=1e-5)
    name = next(linear.name for linear in base.anatomy.linears if "query" in linear.roles)
    before = matrix_of(base.model, name)
    exact = change_of(before, matrix_of(tuned_model(folder, base, exact=True), name))
    rounded = change_of(before, matrix_of(tuned_model(folder, base), name))
    assert exact.effective_rank < 4
    assert rounded.effective_rank > 10, "float32 alone would have told of its own rounding"


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
@pytest.mark.parametrize(("top_k", "threshold"), [(10, 0.5), (5, 0.7), (32, 0.9)])
def test_peft_finds_as_many_intruders(kind: str, top_k: int, threshold: float, tmp_path: Path) -> None:
    base = tiny_backbone(kind)
    folder = adapter(base, tmp_path, TARGETS[kind])
    said: list[str] = []
    reduce_intruder_dimension(
        load_adapter(base.copy(), folder), top_k=top_k, threshold_epsilon=threshold, logging_sink=said.append
    )
    told = [line.rpartition(": ")[2] for line in said[:-1]]  # the last line is about the adapter that it makes
    expected = [0 if count == "No intruders" else int(count) for count in told]
    tuned = tuned_model(folder, base, exact=True)
    found = []
    for linear in base.anatomy.linears:
        before, after = matrix_of(base.model, linear.name), matrix_of(tuned, linear.name)
        if not np.array_equal(before, after):
            found.append(count_intruders(change_of(before, after, top_k).similarities, threshold))
    assert found == expected
    assert sum(found) > 0


def test_the_whole_model_of_a_run(tmp_path: Path) -> None:
    base = tiny_backbone("bert")
    changed = base.copy()
    name = base.anatomy.linears[3].name
    with torch.no_grad():
        changed.get_submodule(name).weight.add_(1)
    changed.save_pretrained(str(tmp_path))
    tokenizer().save_pretrained(str(tmp_path))
    (tmp_path / "tunefork.json").write_text(json.dumps({"labels": ["a", "b", "c"], "model": "x", "revision": None}))
    tuned = tuned_model(tmp_path, base)
    moved = [
        linear.name
        for linear in base.anatomy.linears
        if not np.array_equal(matrix_of(base.model, linear.name), matrix_of(tuned, linear.name))
    ]
    assert moved == [name]
    np.testing.assert_allclose(matrix_of(tuned, name) - matrix_of(base.model, name), 1, atol=1e-6)


def test_a_study_that_started_from_another_model_is_compared_with_that(tmp_path: Path, tiny_folder: Path) -> None:
    run = tmp_path / "runs" / "full-1-s0"
    run.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"The run's model is not there .*full-1-s0\)\. Found: no tunefork\.json\."):
        base_model(tmp_path, run)
    facts = {"labels": ["a", "b"], "model": str(tiny_folder), "revision": None}
    (run / "tunefork.json").write_text(json.dumps(facts))
    plain = base_model(tmp_path, run)
    assert (plain.name, plain.model.config.num_labels) == (str(tiny_folder.resolve()), 2)
    start = load_backbone(str(tiny_folder), ["a", "b"])
    with torch.no_grad():
        start.model.get_submodule(start.anatomy.linears[0].name).weight.fill_(7)
    start.model.save_pretrained(str(tmp_path / "start"))
    start.reader.save_pretrained(str(tmp_path / "start"))
    assert (matrix_of(base_model(tmp_path, run).model, start.anatomy.linears[0].name) == 7).all()
