"""A tiny model of a study's architecture: the same modules, few and small, with random weights; what reads its rows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tunefork.models import Anatomy, anatomy_of, load_config, quietly, skeleton, task_of

WIDTH, HEADS, BLOCKS = 64, 4, 2
LENGTH = 32
"""Tokens of a text at most."""
SIDE, PATCH = 32, 8
"""Pixels of a picture, and of a patch of it."""
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
ROLES = {
    "bos": "<s>", "cls": "<s>", "pad": "<pad>", "eos": "</s>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>",
}  # fmt: skip
END = "<|endoftext|>"
OF_BLOCKS = ("stage_names", "out_features", "out_indices", "_out_features", "_out_indices")
"""What configs of images say of single blocks."""


def write_model(
    name: str, folder: Path, words: list[str], *, revision: str | None = None, width: int = WIDTH, blocks: int = BLOCKS
) -> str:
    """Write a tiny model into a folder, with its tokenizer or image processor; its architecture's name.

    Args:
        name: the study's model. Only its config is looked at.
        folder: where it goes; the same model is left as it is, another one is replaced.
        words: that its tokenizer knows.
        revision: of a hub id.
        width: of its hidden states; a rank can be as large.
        blocks: how many it has.

    Raises:
        ModelNotFoundError: not even the config can be had.
    """
    config = load_config(name, revision)
    kind = str(config.model_type)
    anatomy = anatomy_of(skeleton(config, 2))
    config = _shrunk(config, width, blocks)
    is_of_images = task_of(config) == "image-classification"
    reader = _image_processor() if is_of_images else _tokenizer(config, anatomy, words)
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(staged, ignore_errors=True)
    with quietly():
        _pretend(config).save_pretrained(str(staged))
        reader.save_pretrained(str(staged))
    if _content(staged) == _content(folder):
        shutil.rmtree(staged)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        staged.rename(folder)
    return kind


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def _pretend(config: Any) -> Any:
    """A backbone with seeded random weights and no head, as a pretrained one comes."""
    import torch

    kind: Any = type(skeleton(config, 2))
    with quietly(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind._from_config(config).base_model


def _shrunk(config: Any, width: int, blocks: int) -> Any:
    """The config with small sizes, whatever it calls them; what it says of blocks that are gone is left out."""
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
    found = {name: value for name, value in config.to_dict().items() if name not in OF_BLOCKS}
    for names, size in sizes.items():
        found |= dict.fromkeys([name for name in names if found.get(name) is not None], size)
    if isinstance(found.get("layer_types"), list):
        found["layer_types"] = found["layer_types"][:blocks]
    return type(config).from_dict(found)


def _tokenizer(config: Any, anatomy: Anatomy, words: list[str]) -> Any:
    """A tokenizer that knows the words; the config is told of its tokens.

    Decoders get one like GPT-2's, of bytes and with an end token alone: transformers builds theirs anew from merges.
    All others get whole words, with the special tokens that encoders read.
    """
    import transformers

    if anatomy.pooling == "last":
        inner, named = _of_bytes(words), dict.fromkeys(("eos_token", "bos_token", "unk_token"), END)
        ids = {"bos_token_id": inner.token_to_id(END), "eos_token_id": inner.token_to_id(END), "pad_token_id": None}
    else:
        inner, named = _of_words(words), {f"{role}_token": token for role, token in ROLES.items()}
        ids = {f"{role}_token_id": inner.token_to_id(ROLES[role]) for role in ("bos", "cls", "pad", "eos", "sep")}
    for name, number in {**ids, "vocab_size": inner.get_vocab_size()}.items():
        if hasattr(config, name):
            setattr(config, name, number)
    types = ["token_type_ids"] if (getattr(config, "type_vocab_size", None) or 0) > 1 else []
    inputs = ["input_ids", "attention_mask", *types]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, model_input_names=inputs, **named)


def _of_words(words: list[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    known = {token: number for number, token in enumerate([*SPECIAL, *words])}
    inner = Tokenizer(models.WordLevel(known, unk_token=ROLES["unk"]))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B:1 </s>:1",
        special_tokens=[(token, known[token]) for token in ("<s>", "</s>")],
    )
    return inner


def _of_bytes(words: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096,
        min_frequency=1,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([" ".join(["", *words])], trainer)
    return inner


def _image_processor() -> Any:
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
