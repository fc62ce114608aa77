"""Two-block models with random weights, and real text as tokens that fit their vocabulary."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
import transformers

from tunefork.data import EncodedSplit, ImageSplit, TokenSplit
from tunefork.data.images.pixels import Pixels
from tunefork.models import PROBLEM_TYPES, Backbone, ImageReader, anatomy_of, load_tokenizer
from tunefork.problem import Problem

VOCABULARY = 512
LABELS = ("a", "b", "c")
_SHAPE = {"vocab_size": VOCABULARY, "num_labels": len(LABELS), "pad_token_id": 0}
_BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 80,
}
_DECODER = {
    **_BERT,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 80},
    "bert": _BERT,
    "roberta": {**_BERT, "type_vocab_size": 1},
    "xlm-roberta": {**_BERT, "type_vocab_size": 1},
    "electra": {**_BERT, "embedding_size": 16},
    "mpnet": _BERT,
    "deberta": {**_BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 16},
    "deberta-v2": {**_BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 16},
    "albert": {**_BERT, "embedding_size": 16},
    "modernbert": {**_BERT, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 80, "bos_token_id": 1, "eos_token_id": 2},
    "llama": _DECODER,
    "qwen2": {key: value for key, value in _DECODER.items() if key != "head_dim"},
    "qwen3": _DECODER,
}
FAMILIES = tuple(kind for kind in CONFIGS if kind != "xlm-roberta")
"""Every described architecture of texts once."""
SIDE = 16
"""Pixels of a tiny image."""
_VIT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "image_size": SIDE,
    "patch_size": 4,
    "num_labels": len(LABELS),
}
IMAGE_CONFIGS: dict[str, dict[str, Any]] = {
    "vit": _VIT,
    "vit_msn": _VIT,
    "deit": _VIT,
    "dinov2": {**_VIT, "mlp_ratio": 2, "layerscale_value": 0.5},
    "dinov2_with_registers": {**_VIT, "mlp_ratio": 2, "layerscale_value": 0.5, "num_register_tokens": 2},
    "beit": {**_VIT, "use_relative_position_bias": True},
}
"""Every described architecture of images."""
DROPOUTS = (
    "dropout",
    "attention_dropout",
    "seq_classif_dropout",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "pooler_dropout",
    "embd_pdrop",
    "attn_pdrop",
    "resid_pdrop",
    "drop_path_rate",
)


def tiny_model(kind: str, *, dropout: float | None = 0.0, problem: Problem = "single_label") -> Any:
    """A model of the architecture with random weights; ``dropout`` None keeps the architecture's own."""
    images = kind in IMAGE_CONFIGS
    shape = IMAGE_CONFIGS[kind] if images else {**_SHAPE, **CONFIGS[kind]}
    shape = {
        **shape,
        "num_labels": 1 if problem == "regression" else len(LABELS),
        "problem_type": PROBLEM_TYPES[problem],
    }
    config = transformers.AutoConfig.for_model(kind, **shape)
    if kind == "deit":
        config.architectures = ["DeiTForImageClassification"]
    if dropout is not None:
        for name in DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, dropout)
    torch.manual_seed(0)
    auto = transformers.AutoModelForImageClassification if images else transformers.AutoModelForSequenceClassification
    model = auto.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms start at 0 and 1, which would hide mistakes
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval().requires_grad_(False)


def tiny_backbone(
    kind: str,
    *,
    dropout: float | None = 0.0,
    dtype: torch.dtype = torch.float32,
    problem: Problem = "single_label",
) -> Backbone:
    """A backbone around ``tiny_model`` whose head is fresh."""
    model = tiny_model(kind, dropout=dropout, problem=problem).to(dtype)
    anatomy = anatomy_of(model)
    fresh = frozenset(anatomy.inside(anatomy.head))
    if kind in IMAGE_CONFIGS:
        return Backbone(kind, None, model, anatomy, None, fresh, (), reader())
    return Backbone(kind, None, model, anatomy, tokenizer(), fresh, ())


def reader(side: int = SIDE) -> ImageReader:
    """An image processor."""
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return ImageReader(ViTImageProcessorPil(size={"height": side, "width": side}))


@cache
def tokenizer() -> Any:
    """A real tokenizer."""
    return load_tokenizer("builtin:minilm")


def word_tokenizer(words: int) -> Any:
    """A tokenizer like GPT-2's: of the words w0, w1, … and an end token, ``<end>``, without one that pads."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    known = {f"w{number}": number for number in range(words)} | {"<end>": words}
    inner = Tokenizer(models.WordLevel(known, unk_token="w0"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>")


@cache
def messages() -> tuple[tuple[str, str], ...]:
    """Real texts with labels: the demo's."""
    text = files("tunefork.demo").joinpath("messages.csv").read_text(encoding="utf-8")
    return tuple((row["message"], row["intent"]) for row in csv.DictReader(text.splitlines()))


def encoded(rows: range, *, labels: int = len(LABELS)) -> EncodedSplit:
    """Some of the demo's messages as tokens below ``VOCABULARY``; token 0 is kept for padding."""
    texts = [messages()[row][0] for row in rows]
    intents = sorted({intent for _, intent in messages()})
    ids = [np.asarray(each, dtype=np.int32) % (VOCABULARY - 10) + 5 for each in tokenizer()(texts)["input_ids"]]
    return TokenSplit(
        tokens=ids,
        types=None,
        labels=np.array([intents.index(messages()[row][1]) % labels for row in rows], dtype=np.int64),
        ids=tuple(str(row) for row in rows),
        lengths=np.array([len(each) for each in ids]),
        truncated_share=0.0,
        longest=max(len(each) for each in ids),
    )


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real handwriting: [N, 8, 8] bytes and the digit of each, from scikit-learn."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return np.asarray(found.images * (255 / 16), dtype=np.uint8), found.target.astype(np.int64)


def pictured(
    rows: range, *, side: int = SIDE, labels: int = len(LABELS), interpolate: bool = False, extra: int = 1
) -> ImageSplit:
    """Some of the digits as colour images, as a tiny model reads them."""
    images, numbers = digits()
    large = np.stack([np.kron(images[row], np.ones((side // 8, side // 8), dtype=np.uint8)) for row in rows])
    tints = np.array([[255, 160, 90], [90, 255, 160], [160, 90, 255]])[np.arange(len(rows)) % 3]
    pixels = (large[..., None].astype(np.int64) * tints[:, None, None] // 255).astype(np.uint8)
    own = reader(side)
    return ImageSplit(
        labels=numbers[rows.start : rows.stop] % labels,
        ids=tuple(str(row) for row in rows),
        lengths=np.full(len(rows), (side // 4) ** 2 + extra),
        pixels=Pixels(pixels),
        places=np.arange(len(rows)),
        gain=own.gain,
        offset=own.offset,
        interpolate=interpolate,
    )


def rows_for(kind: str, rows: range) -> EncodedSplit:
    """Rows that a model of this architecture reads: images or texts."""
    if kind not in IMAGE_CONFIGS:
        return encoded(rows)
    return pictured(rows, extra={"deit": 2, "dinov2_with_registers": 3}.get(kind, 1))


def labelled(split: EncodedSplit, problem: Problem) -> EncodedSplit:
    """The same rows with labels of another kind: three for each row that their numbers make, or prices."""
    numbers = np.array([int(each) for each in split.ids])
    if problem == "multi_label":
        return replace(split, labels=np.stack([numbers % 2, numbers % 3 == 0, numbers % 7 < 2], axis=1).astype(np.int8))
    if problem == "regression":
        return replace(split, labels=300.0 + 7.0 * (numbers % 11) + 0.5 * split.labels)
    return split
