"""What each strategy selects, with PEFT as the oracle for what LoRA trains."""

from __future__ import annotations

import pytest
from peft import LoraConfig, get_peft_model

from tests.tiny import FAMILIES, tiny_backbone
from tunefork.config import parse_run, resolve
from tunefork.errors import ConfigError, TargetError, UnsupportedModelError
from tunefork.strategies import Selection, count, select


def selected(kind: str, run: str) -> Selection:
    backbone = tiny_backbone(kind)
    return select(parse_run(run).strategies[0], backbone.anatomy, backbone.copy())


@pytest.mark.parametrize("kind", FAMILIES)
def test_lora_counts_equal_pefts(kind: str) -> None:
    backbone = tiny_backbone(kind)
    selection = selected(kind, "lora:rank=4,targets=all-linear")
    counts = count(selection, backbone.anatomy)
    names = [adapter.module for adapter in selection.adapters]
    config = LoraConfig(task_type="SEQ_CLS", r=4, target_modules=names, modules_to_save=list(selection.saved_modules))
    trainable, everything = get_peft_model(backbone.copy(), config).get_nb_trainable_parameters()
    assert (counts.trainable, counts.peft_total) == (trainable, everything)


@pytest.mark.parametrize("kind", FAMILIES)
def test_full_selects_every_parameter_and_head_only_the_head(kind: str) -> None:
    backbone = tiny_backbone(kind)
    assert selected(kind, "full").base == set(backbone.anatomy.parameters)
    head = selected(kind, "head")
    assert head.backbone == ()
    assert head.head
    assert all(name.split(".")[0] in ("classifier", "pre_classifier", "score", "pooler", "head") for name in head.head)


def test_last_layers_are_the_last_blocks_and_the_head() -> None:
    backbone = tiny_backbone("bert")
    assert {name.split(".")[3] for name in selected("bert", "last_layers:count=1").backbone} == {"1"}
    both = count(selected("bert", "last_layers:count=2"), backbone.anatomy)
    one = count(selected("bert", "last_layers:count=1"), backbone.anatomy)
    assert both.backbone == 2 * one.backbone


def test_last_layers_beyond_the_model_are_refused() -> None:
    with pytest.raises(
        UnsupportedModelError,
        match=r"last_layers.count must be at most 2 but got 3 \(last_layers.count\). Found: 2 blocks",
    ):
        selected("bert", "last_layers:count=3")


def test_albert_refuses_what_makes_no_sense_for_shared_blocks() -> None:
    with pytest.raises(
        UnsupportedModelError, match="albert's blocks are one block applied many times, so its last layer"
    ):
        selected("albert", "last_layers")
    with pytest.raises(UnsupportedModelError, match="adapters cannot be put on some of them"):
        selected("albert", "lora:layers=0")


def test_layers_choose_blocks_counted_from_zero() -> None:
    modules = [adapter.module for adapter in selected("bert", "lora:targets=query,layers=1").adapters]
    assert modules == ["bert.encoder.layer.1.attention.self.query"]
    with pytest.raises(TargetError, match=r"There is no layer 5 \(lora.layers\). Found: layers 0 to 1"):
        selected("bert", "lora:layers=5")


def test_a_rank_that_does_not_fit_names_the_module() -> None:
    with pytest.raises(
        TargetError, match=r"rank must be at most 32 for bert.encoder.layer.0.attention.self.query but got 33"
    ):
        selected("bert", "lora:rank=33")


def test_biases_and_modules_to_save() -> None:
    only = selected("bert", "lora:targets=query,bias=lora_only")
    assert set(only.backbone) == {f"bert.encoder.layer.{n}.attention.self.query.bias" for n in (0, 1)}
    everywhere = selected("bert", "lora:targets=query,bias=all")
    assert "bert.embeddings.LayerNorm.bias" in everywhere.backbone
    assert "classifier.bias" not in everywhere.backbone
    pooler = selected("bert", "lora:modules_to_save=pooler.dense")
    assert pooler.backbone == ("bert.pooler.dense.weight", "bert.pooler.dense.bias")
    assert pooler.saved_modules == ("classifier", "bert.pooler.dense")
    with pytest.raises(TargetError, match="There is no module 'poler'"):
        selected("bert", "lora:modules_to_save=poler")


def test_other_peft_methods_are_counted_by_peft() -> None:
    backbone = tiny_backbone("bert")
    strategy = resolve(
        "peft", {"type": "ia3", "settings": {"target_modules": ["key", "value"], "feedforward_modules": []}}
    )
    counts = count(select(strategy, backbone.anatomy, backbone.copy()), backbone.anatomy)
    assert (counts.adapter, counts.head) == (2 * 2 * 32, 32 * 3 + 3)
    with pytest.raises(ConfigError, match=r"PEFT has no method 'LORAA'.*Did you mean 'LORA'"):
        select(resolve("peft", {"type": "loraa"}), backbone.anatomy, backbone.copy())
    with pytest.raises(ConfigError, match="PEFT refuses these settings of IA3"):
        select(resolve("peft", {"type": "ia3", "settings": {"nonsense": 1}}), backbone.anatomy, backbone.copy())
