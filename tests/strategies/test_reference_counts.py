"""Every parameter count of the five reference studies, on the real architectures, without weights."""

from __future__ import annotations

import pytest

from tunefork.config import parse_run
from tunefork.models import anatomy_of, load_config, skeleton
from tunefork.strategies import Counts, count, formulas, select

DISTILBERT, ROBERTA, GPT2 = "distilbert/distilbert-base-uncased", "FacebookAI/roberta-base", "openai-community/gpt2"
VIT = "google/vit-base-patch16-224-in21k"


def counts(model: str, labels: int, run: str) -> Counts:
    bare = skeleton(load_config(model), labels)
    anatomy = anatomy_of(bare)
    return count(select(parse_run(run).strategies[0], anatomy, bare), anatomy)


@pytest.mark.parametrize(
    ("run", "trainable"),
    [
        ("full", 66_955_010),
        ("head", 592_130),
        ("lora:r=8,targets=query+value+mlp", 1_108_226),
        ("lora:r=2,targets=query+value+mlp", 721_154),
        ("lora:r=32,targets=query+value+mlp", 2_656_514),
        ("lora:r=8,targets=query+value", 739_586),
        ("lora:r=8,targets=query+value+key+proj+mlp", 1_255_682),
        ("lora:r=8,targets=q_lin+v_lin+k_lin+out_lin+lin1+lin2", 1_255_682),
        ("lora:r=8,targets=all-linear", 1_255_682),
    ],
)
def test_s0_distilbert(run: str, trainable: int) -> None:
    found = counts(DISTILBERT, 2, run)
    assert found.trainable == trainable
    assert found.adapter + found.head + found.backbone == trainable


def test_s1_gpt2() -> None:
    assert counts(GPT2, 2, "full").total == 124_441_344
    lora = counts(GPT2, 2, "lora:r=8,targets=c_fc+c_proj")
    assert (lora.trainable, lora.adapter, lora.head) == (886_272, 884_736, 1_536)
    assert counts(GPT2, 2, "lora:r=8,targets=output+mlp") == lora


def test_s2_roberta_under_a_budget() -> None:
    found = counts(ROBERTA, 4, "lora:r=11,alpha=7,targets=query+value")
    assert (found.trainable, found.peft_total) == (999_172, 125_647_880)
    assert round(found.peft_percent, 4) == 0.7952
    assert counts(ROBERTA, 4, "lora:r=12,targets=query+value").trainable > 1_000_000


def test_s3_distilbert_query_key_value() -> None:
    found = counts(DISTILBERT, 2, "lora:r=8,alpha=32,dropout=0.1,targets=query+key+value")
    assert (found.trainable, found.adapter, found.head) == (813_314, 221_184, 592_130)


def test_s4_vit() -> None:
    lora = counts(VIT, 101, "lora:r=8,targets=query+value")
    assert (lora.trainable, lora.adapter, lora.head) == (372_581, 294_912, 77_669)
    assert lora.peft_total == 86_248_906
    assert round(lora.peft_percent, 5) == 0.43198
    last = counts(VIT, 101, "last_layers:count=1")
    assert (last.trainable, last.total, last.peft_total) == (7_165_541, 85_876_325, 85_876_325)
    assert round(last.peft_percent, 3) == 8.344


def test_formulas_add_up_to_the_count() -> None:
    bare = skeleton(load_config(VIT), 101)
    anatomy = anatomy_of(bare)
    selection = select(parse_run("lora:r=8,targets=query+value").strategies[0], anatomy, bare)
    lines = formulas(selection, anatomy)
    assert ("vit.layers.0.attention.q_proj", "8 × (768 + 768)", 12_288) in lines
    assert ("classifier.weight", "101 × 768", 77_568) in lines
    assert sum(number for _, _, number in lines) == 372_581
