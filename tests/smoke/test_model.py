"""Tiny models: of the study's architecture, with seeded weights, loaded as any pretrained model is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers

from tests.digest import digest
from tests.tiny import CONFIGS, FAMILIES, IMAGE_CONFIGS
from tunefork.data import encode
from tunefork.models import load_backbone
from tunefork.smoke.model import SIDE, write_model

WORDS = ["baba", "keke", "lolo"]


def folder_of(kind: str, place: Path) -> Path:
    """The config alone of a model that is not tiny."""
    larger = {"hidden_size": 256, "num_hidden_layers": 4} if kind in IMAGE_CONFIGS else {}
    config = transformers.AutoConfig.for_model(kind, **{**CONFIGS, **IMAGE_CONFIGS}[kind] | larger)
    config.save_pretrained(place / kind)
    return place / kind


@pytest.mark.parametrize("kind", [*FAMILIES, *IMAGE_CONFIGS])
def test_a_tiny_model_of_every_architecture_is_loaded(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    assert write_model(str(folder_of(kind, tmp_path)), target, WORDS) == kind
    backbone = load_backbone(str(target), ("a", "b", "c"))
    blocks = 1 if kind == "albert" else 2  # one that is passed twice
    assert (len(backbone.anatomy.blocks), backbone.anatomy.hidden, backbone.anatomy.family) == (blocks, 64, kind)
    assert backbone.anatomy.described
    if kind in IMAGE_CONFIGS:
        assert backbone.images is not None
        assert (backbone.images.height, backbone.images.width) == (SIDE, SIDE)
        return
    split = encode(["baba lolo keke"], backbone.tokenizer, 32)
    assert backbone.tokenizer.decode(split.tokens[0], skip_special_tokens=True).split() == ["baba", "lolo", "keke"]
    assert len(split.tokens[0]) <= (6 if backbone.anatomy.pooling == "last" else 5)
    assert split.tokens[0].max() < backbone.model.config.vocab_size


def test_the_reference_models_need_no_network(tmp_path: Path) -> None:
    for name, kind in (
        ("distilbert/distilbert-base-uncased", "distilbert"), ("openai-community/gpt2", "gpt2"),
        ("FacebookAI/roberta-base", "roberta"), ("google/vit-base-patch16-224-in21k", "vit"),
    ):  # fmt: skip
        assert write_model(name, tmp_path / kind, WORDS) == kind
    roberta = load_backbone(str(tmp_path / "roberta"), ("a", "b"))
    assert roberta.pad_id == 1  # behind which RoBERTa's positions begin


def test_the_same_weights_are_made_again_and_ranks_fit(tmp_path: Path) -> None:
    for name in ("one", "two"):
        torch.rand(1)  # whatever else was drawn before
        write_model("gpt2", tmp_path / name, WORDS, width=128, blocks=3)
    one, two = (digest((tmp_path / name / "model.safetensors").read_bytes()) for name in ("one", "two"))
    assert one == two
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    assert (config["n_embd"], config["n_layer"]) == (128, 3)
