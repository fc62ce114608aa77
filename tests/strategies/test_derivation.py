"""Formulas on paper against counts in the model, on the reference architectures and on every family."""

from __future__ import annotations

import re

import pytest

from tests.tiny import CONFIGS, IMAGE_CONFIGS
from tunefork.config import parse_run
from tunefork.counts import Formula
from tunefork.models import anatomy_of, load_config, skeleton
from tunefork.strategies import count, derivation, select

VIT = "google/vit-base-patch16-224-in21k"
RUNS = (
    "full",
    "head",
    "last_layers:count=1",
    "lora:r=2,targets=query+value",
    "lora:r=3,targets=all-linear,bias=all",
    "lora:r=2,targets=query,layers=1,bias=lora_only",
)


def formulas(model: str, labels: int, run: str) -> tuple[Formula, ...]:
    bare = skeleton(load_config(model), labels)
    anatomy = anatomy_of(bare)
    return derivation(select(parse_run(run).strategies[0], anatomy, bare), anatomy)


def value(text: str) -> int:
    """What a reader with a calculator gets."""
    assert re.fullmatch(r"[\d,() ×+]+", text)
    return int(eval(text.replace(",", "").replace("×", "*")))


def test_the_reference_study_s_formulas_for_vit() -> None:
    assert formulas(VIT, 101, "lora:r=8,targets=query+value") == (
        Formula("adapter", "A and B of rank 8 on query, value in each of 12 blocks", "12 × 2 × 2 × 768 × 8", 294_912),
        Formula("head", "classifier", "768 × 101 + 101", 77_669),
    )
    last = formulas(VIT, 101, "last_layers")[1]
    assert (last.what, last.count) == ("block 11", 7_087_872)
    assert last.text == "4 × (768 × 768 + 768) + 2 × 2 × 768 + 768 × 3,072 + 3,072 + 3,072 × 768 + 768"


def test_distilbert_s() -> None:
    found = formulas("distilbert/distilbert-base-uncased", 2, "lora:r=8,targets=query+value+mlp")
    assert [(one.part, one.text, one.count) for one in found] == [
        ("adapter", "6 × 2 × 2 × 768 × 8", 147_456),
        ("adapter", "6 × (768 × 8 + 8 × 3,072)", 184_320),
        ("adapter", "6 × (3,072 × 8 + 8 × 768)", 184_320),
        ("head", "768 × 768 + 768", 590_592),
        ("head", "768 × 2 + 2", 1_538),
    ]
    full = formulas("distilbert/distilbert-base-uncased", 2, "full")
    assert [one.what for one in full] == ["pre_classifier", "classifier", "embeddings", "6 blocks"]
    assert full[2].text == "30,522 × 768 + 512 × 768 + 2 × 768"
    assert sum(one.count for one in full) == 66_955_010


def test_gpt2_s_conv1d_and_its_head_without_bias() -> None:
    found = formulas("openai-community/gpt2", 2, "lora:r=8,targets=c_fc+c_proj")
    assert sum(one.count for one in found) == 886_272
    assert found[-1] == Formula("head", "score", "2 × 768", 1_536)


@pytest.mark.parametrize("family", [*CONFIGS, *IMAGE_CONFIGS])
@pytest.mark.parametrize("run", RUNS)
def test_formulas_give_the_counts_of_every_family(family: str, run: str) -> None:
    import transformers

    bare = skeleton(transformers.AutoConfig.for_model(family, **{**CONFIGS, **IMAGE_CONFIGS}[family]), 3)
    anatomy = anatomy_of(bare)
    if anatomy.shared_blocks and ("last_layers" in run or "layers=" in run):
        pytest.skip("its blocks are one block")
    selection = select(parse_run(run).strategies[0], anatomy, bare)
    found, counts = derivation(selection, anatomy), count(selection, anatomy)
    for part in ("adapter", "head", "backbone"):
        assert sum(one.count for one in found if one.part == part) == getattr(counts, part)
    for one in found:
        assert value(one.text) == one.count


def test_adapters_that_are_not_in_every_block_alike_are_counted_as_linears() -> None:
    names = [f"vit.layers.{place}" for place in ("0.attention.q_proj", "0.attention.k_proj", "1.attention.q_proj")]
    found = formulas(VIT, 3, f"lora:r=2,targets={'+'.join(names)}")
    assert found[0] == Formula("adapter", "A and B of rank 2 on query, key in 3 linears", "3 × 2 × 768 × 2", 9_216)


def test_what_peft_adds_is_counted_by_peft() -> None:
    found = formulas("FacebookAI/roberta-base", 4, "peft:type=ia3")
    assert found[0] == Formula("adapter", "what PEFT adds", "", 64_512)
