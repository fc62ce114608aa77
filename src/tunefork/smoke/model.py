"""A tiny model of a study's architecture: the same modules, few and small, with random weights; what reads its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunefork.models import Anatomy, anatomy_of, load_config, quietly, skeleton, task_of

WIDTH, HEADS, BLOCKS = 64, 4, 2
LENGTH = 32
"""Tokens of a text at most."""
SIDE, PATCH = 32, 8
"""Pixels of a picture, and of a patch of it."""
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
END = "<|endoftext|>"


def write_model(name: str, folder: Path, words: list[str], *, width: int = WIDTH, blocks: int = BLOCKS) -> str:
    """Write a tiny model into a folder, with its tokenizer or image processor; its architecture's name.

    Args:
        name: the study's model. Only its config is looked at.
        folder: where it goes; a model that is there is left as it is.
        words: that its tokenizer knows.
        width: of its hidden states; a rank can be as large.
        blocks: how many it has.

    Raises:
        ModelNotFoundError: not even the config can be had.
    """
    config = load_config(name)
    kind = str(config.model_type)
    if (folder / "model.safetensors").is_file():
        return kind
    anatomy = anatomy_of(skeleton(config, 2))
    _shrink(config, width, blocks)
    if task_of(config) == "image-classification":
        _image_processor().save_pretrained(str(folder))
    else:
        _tokenizer(config, anatomy, words).save_pretrained(str(folder))
    _pretend(config).save_pretrained(str(folder))
    return kind


def _pretend(config: Any) -> Any:
    """A backbone with seeded random weights and no head, as a pretrained one comes."""
    import torch

    kind: Any = type(skeleton(config, 2))
    with quietly(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind._from_config(config).base_model


def _shrink(config: Any, width: int, blocks: int) -> None:
    sizes = {
        ("hidden_size", "dim", "n_embd", "d_model", "embedding_size", "pooler_hidden_size"): width,
        ("num_hidden_layers", "n_layers", "n_layer"): blocks,
        ("num_attention_heads", "n_heads", "n_head", "num_key_value_heads"): HEADS,
        ("intermediate_size", "hidden_dim", "n_inner"): 2 * width,
        ("head_dim",): width // HEADS,
        ("max_position_embeddings", "n_positions", "n_ctx"): 2 * LENGTH,
        ("image_size",): SIDE,
        ("patch_size",): PATCH,
    }
    for names, size in sizes.items():
        for name in names:
            if getattr(config, name, None) is not None:
                setattr(config, name, size)
    if isinstance(getattr(config, "layer_types", None), list):
        config.layer_types = config.layer_types[:blocks]


def _tokenizer(config: Any, anatomy: Anatomy, words: list[str]) -> Any:
    """A tokenizer of whole words, with the special tokens that the architecture reads; the config is told of them.

    Decoders have an end token alone, as GPT-2 does.
    """
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    decodes = anatomy.pooling == "last"
    special = [END] if decodes else list(SPECIAL)
    known = {token: number for number, token in enumerate([*special, *words])}
    inner = Tokenizer(models.WordLevel(known, unk_token=END if decodes else "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    config.vocab_size = len(known)
    ids = dict.fromkeys(("bos_token_id", "eos_token_id"), 0) | {"pad_token_id": None}
    named = {"eos_token": END, "bos_token": END, "unk_token": END}
    inputs = ["input_ids", "attention_mask"]
    if not decodes:
        inner.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> $B:1 </s>:1",
            special_tokens=[(token, known[token]) for token in ("<s>", "</s>")],
        )
        roles = {"bos": "<s>", "cls": "<s>", "pad": "<pad>", "eos": "</s>", "sep": "</s>", "mask": "<mask>"}
        ids = {f"{role}_token_id": known[token] for role, token in roles.items() if role != "mask"}
        named = {f"{role}_token": token for role, token in roles.items()} | {"unk_token": "<unk>"}
        inputs += ["token_type_ids"] if getattr(config, "type_vocab_size", 0) > 1 else []
    for name, number in ids.items():
        if hasattr(config, name):
            setattr(config, name, number)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, model_input_names=inputs, **named)


def _image_processor() -> Any:
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
