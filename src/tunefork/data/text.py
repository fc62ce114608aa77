"""Texts → tokens, without padding; what is cut from texts that are too long, and how many are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunefork.data.encoded import TokenSplit
from tunefork.data.table import count, shorten
from tunefork.data.values import Split
from tunefork.errors import ConfigError, DataError, UnsupportedModelError
from tunefork.problem import Labels

BATCH = 1000
"""Texts per call of the tokenizer: enough to keep its threads busy, little enough to hold in memory."""
UNLABELLED = -1
"""The label of rows that have none."""

Truncation = Literal["head", "tail", "head_tail"]


def encode(
    rows: Split | Sequence[str] | Sequence[tuple[str, ...]],
    tokenizer: Any,
    max_length: int,
    truncation: Truncation = "head",
) -> TokenSplit:
    """Tokenize a split, or texts (strings, or tuples of one or two).

    ``head`` keeps the beginning of a long text, ``tail`` its end, ``head_tail`` a quarter from its beginning and the
    rest from its end (Sun et al. 2019, arXiv 1905.05583). Special tokens always stay. In a pair, each part first gets
    its share of ``max_length`` as transformers' ``longest_first`` gives it (the longer part is cut, until both are
    equally long), and is then cut by the same rule.

    Args:
        rows: what to tokenize.
        tokenizer: a fast tokenizer of transformers.
        max_length: tokens per row at most, special tokens included.
        truncation: what is kept.

    Raises:
        ConfigError: ``max_length`` leaves no room for text, or an unknown ``truncation``.
        UnsupportedModelError: a slow tokenizer.
        DataError: texts of which the tokenizer makes no token at all.
    """
    texts, labels, ids = _rows(rows)
    pair = bool(texts) and len(texts[0]) == 2
    _check(tokenizer, max_length, truncation, pair)
    tokens: list[NDArray[np.int32]] = []
    types: list[NDArray[np.int32]] = []
    full: list[int] = []
    for start in range(0, len(texts), BATCH):
        batch = _tokenize(tokenizer, texts[start : start + BATCH])
        kinds = batch.get("token_type_ids")
        for row, line in enumerate(batch["input_ids"]):
            full.append(len(line))
            kept = kept_places(batch.sequence_ids(row), max_length, truncation) if len(line) > max_length else None
            tokens.append(_array(line, kept))
            if kinds is not None:
                types.append(_array(kinds[row], kept))
    _refuse_nothing(full, ids)
    return TokenSplit(
        tokens=tokens,
        types=types if len(types) == len(tokens) and types else None,
        labels=labels,
        ids=ids,
        lengths=np.array([len(line) for line in tokens], dtype=np.int64),
        truncated_share=sum(length > max_length for length in full) / max(1, len(full)),
        longest=max(full, default=0),
    )


def kept_places(sequences: Sequence[int | None], max_length: int, truncation: Truncation) -> list[int]:
    """Which tokens of a row stay, ascending.

    Args:
        sequences: per token the part it comes from (0 or 1), None for special tokens.
        max_length: tokens to keep.
        truncation: what is kept of each part.

    >>> kept_places([None, 0, 0, 0, 0, None], 4, "tail")
    [0, 3, 4, 5]
    """
    special = [place for place, part in enumerate(sequences) if part is None]
    parts = [[place for place, part in enumerate(sequences) if part == number] for number in (0, 1)]
    room = budgets(len(parts[0]), len(parts[1]), max_length - len(special))
    for part, size in zip(parts, room):
        special += _cut(part, size, truncation)
    return sorted(special)


def budgets(first: int, second: int, room: int) -> tuple[int, int]:
    """Tokens of each part that fit, as ``longest_first`` of the tokenizers library shares them out.

    >>> budgets(20, 7, 9), budgets(20, 2, 9), budgets(20, 0, 9)
    ((5, 4), (7, 2), (9, 0))
    """
    if first + second <= room:
        return first, second
    small, large = min(first, second), max(first, second)
    small = min(small, room // 2)
    large = min(large, room - small)
    return (large, small) if first > second else (small, large)


def _cut(places: list[int], size: int, truncation: Truncation) -> list[int]:
    if size >= len(places):
        return places
    head = {"head": size, "tail": 0, "head_tail": size // 4}[truncation]
    return places[:head] + places[len(places) - (size - head) :]


def _rows(
    rows: Split | Sequence[str] | Sequence[tuple[str, ...]],
) -> tuple[Sequence[tuple[str, ...]], Labels, tuple[str, ...]]:
    if isinstance(rows, Split):
        return rows.texts, rows.labels, rows.ids
    texts = [(row,) if isinstance(row, str) else tuple(row) for row in rows]
    return texts, np.full(len(texts), UNLABELLED, dtype=np.int64), tuple(str(row) for row in range(len(texts)))


def _check(tokenizer: Any, max_length: int, truncation: str, pair: bool) -> None:
    if not getattr(tokenizer, "is_fast", False):
        raise UnsupportedModelError(
            "The tokenizer is a slow one",
            where=type(tokenizer).__name__,
            fix="Use a model with a tokenizer.json, which the tokenizers library reads.",
        )
    if truncation not in ("head", "tail", "head_tail"):
        raise ConfigError("Unknown truncation", found=repr(truncation), fix="Use head, tail or head_tail.")
    least = tokenizer.num_special_tokens_to_add(pair=pair) + (2 if pair else 1)
    if max_length < least:
        raise ConfigError(
            f"max_length must be at least {least} but got {max_length}",
            where="data.max_length",
            fix="The model's special tokens need their place, too.",
        )


def _tokenize(tokenizer: Any, texts: Sequence[tuple[str, ...]]) -> Any:
    first = [parts[0] for parts in texts]
    second = [parts[1] for parts in texts] if len(texts[0]) == 2 else None
    # verbose=False: the warning about long sequences is about what is truncated here, by our own rule.
    return tokenizer(first, second, padding=False, truncation=False, return_attention_mask=False, verbose=False)


def _array(line: Sequence[int], kept: list[int] | None) -> NDArray[np.int32]:
    return np.array(line if kept is None else [line[place] for place in kept], dtype=np.int32)


def _refuse_nothing(lengths: Sequence[int], ids: Sequence[str]) -> None:
    empty = [ids[row] for row, length in enumerate(lengths) if length == 0]
    if empty:
        raise DataError(
            f"The tokenizer makes no token of {count(len(empty), 'text')}",
            where=f"row ids {shorten(empty)}",
            fix="Remove these rows.",
        )
