"""Two-block models with random weights, and real text as tokens that fit their vocabulary."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
import transformers

from tunefork.data import EncodedSplit
from tunefork.models import Backbone, anatomy_of, load_tokenizer

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
"""Every described architecture once."""
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
)


def tiny_model(kind: str, *, dropout: float | None = 0.0) -> Any:
    """A model of the architecture with random weights; ``dropout`` None keeps the architecture's own."""
    config = transformers.AutoConfig.for_model(kind, **_SHAPE, **CONFIGS[kind])
    if dropout is not None:
        for name in DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, dropout)
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms start at 0 and 1, which would hide mistakes
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval().requires_grad_(False)


def tiny_backbone(kind: str, *, dropout: float | None = 0.0, dtype: torch.dtype = torch.float32) -> Backbone:
    """A backbone around ``tiny_model`` whose head is fresh."""
    model = tiny_model(kind, dropout=dropout).to(dtype)
    anatomy = anatomy_of(model)
    fresh = frozenset(anatomy.inside(anatomy.head))
    return Backbone(kind, None, model, anatomy, tokenizer(), fresh, ())


@cache
def tokenizer() -> Any:
    """A real tokenizer."""
    return load_tokenizer("builtin:minilm")


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
    return EncodedSplit(
        tokens=ids,
        types=None,
        labels=np.array([intents.index(messages()[row][1]) % labels for row in rows], dtype=np.int64),
        ids=tuple(str(row) for row in rows),
        lengths=np.array([len(each) for each in ids]),
        truncated_share=0.0,
        longest=max(len(each) for each in ids),
    )
