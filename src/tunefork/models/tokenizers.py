"""Tokenizers: how a text model reads its texts, and how many tokens it can take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers

from tunefork.errors import ModelNotFoundError
from tunefork.models.library import locate, translated
from tunefork.models.trust import NOTHING, Trust

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""What else a tokenizer may be read from."""


def load_tokenizer(name: str, revision: str | None = None, trust: Trust = NOTHING) -> Any:
    """The tokenizer of a model.

    Raises:
        ModelNotFoundError: naming the files looked for.
    """
    place = locate(name)
    if Path(place).is_dir() and not any((Path(place) / file).is_file() for file in TOKENIZER_FILES):
        raise ModelNotFoundError(
            "The model has no tokenizer",
            where=place,
            found=f"none of {', '.join(TOKENIZER_FILES)}",
            fix="Copy the tokenizer's files from the model it was trained from.",
        )
    with translated(name, "tokenizer", (*TOKENIZER_FILES, *BESIDE)):
        return transformers.AutoTokenizer.from_pretrained(place, **trust.loading(name, revision))


def longest_input(config: Any) -> int | None:
    """The most tokens a model's positions allow; None where they have no end."""
    length = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if length is None or getattr(config, "position_biased_input", True) is False:
        return None
    # RoBERTa's positions begin behind the padding id, MPNet's likewise: two of them are never used
    offset = 2 if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet") else 0
    return int(length) - offset


def ensure_padding(tokenizer: Any, model: Any) -> tuple[str, ...]:
    """A pad token in the tokenizer and the config: GPT-2 and its like have none and would pool the wrong position."""
    notices: tuple[str, ...] = ()
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token is None:
            raise ModelNotFoundError(
                "The tokenizer has neither a pad token nor an end token",
                where=model.config.model_type,
                fix="Set pad_token in it.",
            )
        tokenizer.pad_token = tokenizer.eos_token
        notices = (
            f"the tokenizer has no pad token; {tokenizer.eos_token} is used, in the tokenizer and in the config",
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    return notices
