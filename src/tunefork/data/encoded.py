"""Splits as a model reads them: tokens of texts, or pixels of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tunefork.data.images.pixels import Pixels
from tunefork.problem import Labels


@dataclass(frozen=True, eq=False)
class EncodedSplit:
    """The rows of a split as a model reads them, in their order."""

    labels: Labels
    """Of [N] rows, see ``tunefork.problem``; -1 throughout for rows without labels."""
    ids: tuple[str, ...]
    lengths: NDArray[np.int64]
    """[N] tokens per row."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Some of the rows, in the order of their numbers given."""
        ids = tuple(self.ids[row] for row in rows)
        return replace(self, labels=self.labels[rows], ids=ids, lengths=self.lengths[rows], **self._own(rows))

    def _own(self, rows: NDArray[np.int64]) -> dict[str, object]:
        raise NotImplementedError

    @classmethod
    def joined(cls, splits: Sequence[Self]) -> Self:
        """Rows of several splits of one kind, one after another."""
        first = splits[0]
        if len(splits) == 1:
            return first
        return replace(
            first,
            labels=np.concatenate([each.labels for each in splits]),
            ids=tuple(name for each in splits for name in each.ids),
            lengths=np.concatenate([each.lengths for each in splits]),
            **first._behind(splits),
        )

    def _behind(self, splits: Sequence[Self]) -> dict[str, object]:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class TokenSplit(EncodedSplit):
    """Texts as tokens, special tokens included, truncated."""

    tokens: list[NDArray[np.int32]]
    """Per row, its [length] input ids."""
    types: list[NDArray[np.int32]] | None
    """Per row, its [length] token type ids; None for tokenizers that make none."""
    truncated_share: float
    """Share (0–1) of rows that were longer than ``max_length``."""
    longest: int
    """Tokens of the longest row before truncation."""

    def _own(self, rows: NDArray[np.int64]) -> dict[str, object]:
        types = None if self.types is None else [self.types[row] for row in rows]
        return {"tokens": [self.tokens[row] for row in rows], "types": types}

    def _behind(self, splits: Sequence[Self]) -> dict[str, object]:
        types = [each.types for each in splits]
        rows = sum(map(len, splits))
        return {
            "tokens": [row for each in splits for row in each.tokens],
            "types": None if self.types is None else [row for each in types for row in each or ()],
            "truncated_share": sum(each.truncated_share * len(each) for each in splits) / max(1, rows),
            "longest": max(each.longest for each in splits),
        }

    def without_last(self, token: int) -> Self:
        """Without the tokens of this id that rows end in; each row keeps its first token.

        >>> rows = [np.array(each, dtype=np.int32) for each in ([5, 2, 6, 2, 2], [7], [2, 2])]
        >>> split = TokenSplit(np.zeros(3), ("a", "b", "c"), np.array([5, 1, 2]), rows, None, 0.0, 5)
        >>> [each.tolist() for each in split.without_last(2).tokens]
        [[5, 2, 6], [7], [2]]
        """
        own = [np.flatnonzero(row != token) for row in self.tokens]
        lengths = np.array([int(places[-1]) + 1 if len(places) else 1 for places in own], dtype=np.int64)
        if bool((lengths == self.lengths).all()):
            return self
        tokens = [row[:length] for row, length in zip(self.tokens, lengths)]
        types = None if self.types is None else [row[:length] for row, length in zip(self.types, lengths)]
        return replace(self, tokens=tokens, types=types, lengths=lengths)


@dataclass(frozen=True, eq=False)
class ImageSplit(EncodedSplit):
    """Images as bytes, in the size that the model reads. ``lengths`` are the tokens it makes of each: all alike."""

    pixels: Pixels
    places: NDArray[np.int64]
    """[N] of each row's picture in ``pixels``."""
    gain: NDArray[np.float32]
    """[3] for each channel: what a model reads is ``byte × gain + offset``."""
    offset: NDArray[np.float32]
    """[3]."""
    interpolate: bool = False
    """Whether the model has to be told that images have another size than it was pretrained on."""

    def bytes_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[n, height, width, 3]."""
        return self.pixels.take(self.places[rows])

    def _own(self, rows: NDArray[np.int64]) -> dict[str, object]:
        return {"places": self.places[rows]}

    def _behind(self, splits: Sequence[Self]) -> dict[str, object]:
        pixels = np.concatenate([each.pixels.take(each.places) for each in splits])
        return {"pixels": Pixels(pixels), "places": np.arange(len(pixels))}
