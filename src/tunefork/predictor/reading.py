"""How a trained model reads new rows: texts → tokens, pictures → pixels, as its training rows were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tunefork.data import EncodedSplit, ImageSplit, TokenSplit, encode, read_pictures
from tunefork.data.blanks import blank, encodable
from tunefork.engine import model_inputs
from tunefork.errors import DataError
from tunefork.models import ImageReader


class TextReader:
    """Reads texts.

    Args:
        tokenizer: the model's.
        facts: of ``tunefork.json``: ``text`` (columns), ``max_length``, ``truncation``.
        ends: the token that rows are never to end in; None where there is none. A packed decoder's head reads the last
            token, and transformers' the last that is not padding.
    """

    def __init__(self, tokenizer: Any, facts: dict[str, Any], ends: int | None = None) -> None:
        self.tokenizer, self._facts, self._ends = tokenizer, facts, ends

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column, or two of them."""
        return tuple(self._facts["text"])

    def encode(self, texts: Sequence[tuple[str, ...]]) -> TokenSplit:
        """Tokens of texts given as tuples of one or two."""
        found = encode(texts, self.tokenizer, self._facts["max_length"], self._facts["truncation"])
        return found if self._ends is None else found.without_last(self._ends)

    def checked(self, texts: Sequence[Any]) -> list[tuple[str, ...]]:
        """Texts as the model was trained on: as many parts, none of them empty.

        Args:
            texts: strings, or sequences of them.

        Raises:
            DataError: a row that cannot be used, by its number.
        """
        rows = [(row,) if isinstance(row, str) or row is None else tuple(row) for row in texts]
        parts = len(self.columns)
        for number, row in enumerate(rows):
            if len(row) != parts:
                raise DataError(
                    f"The model reads {parts} text{'s' if parts > 1 else ''} a row",
                    where=f"row {number + 1}",
                    found=str(len(row)),
                    fix=f"Give {', '.join(self.columns)}.",
                )
            if any(not isinstance(part, str) or blank(part) for part in row):
                raise DataError(
                    "A text is missing or empty",
                    where=f"row {number + 1}",
                    found=repr(row)[:80],
                    fix="Fill it in, or leave it out.",
                )
            if not all(map(encodable, row)):
                raise DataError(
                    "A text has half of a surrogate pair, which is no character",
                    where=f"row {number + 1}",
                    found=ascii(row)[:80],
                    fix="Decode it anew from its bytes.",
                )
        return rows


class PictureReader:
    """Reads pictures.

    Args:
        images: the model's image processor.
        facts: of ``tunefork.json``: ``image`` (the column), ``interpolate``.
        tokens: that the model makes of each; 1 where nobody asks.
    """

    def __init__(self, images: ImageReader, facts: dict[str, Any], tokens: int = 1) -> None:
        self.images, self._facts, self._tokens = images, facts, tokens

    @property
    def columns(self) -> tuple[str, ...]:
        """The column with pictures."""
        return (self._facts["image"],)

    def encode(self, pictures: Sequence[Any]) -> ImageSplit:
        """Pixels of pictures: paths, bytes, Pillow images or arrays.

        Raises:
            DataError: pictures that cannot be read.
        """
        return ImageSplit(
            labels=np.full(len(pictures), -1),
            ids=tuple(map(str, range(len(pictures)))),
            lengths=np.full(len(pictures), self._tokens, dtype=np.int64),
            pixels=read_pictures(pictures, self.images),
            places=np.arange(len(pictures)),
            gain=self.images.gain,
            offset=self.images.offset,
            interpolate=self._facts["interpolate"],
        )

    def checked(self, pictures: Sequence[Any]) -> list[Any]:
        """As they are: ``encode`` finds what cannot be read."""
        return list(pictures)


RowReader = TextReader | PictureReader


def logits_of(model: Any, split: EncodedSplit, labels: int, pad_id: int, batch_size: int = 64) -> np.ndarray:
    """[N, labels] that transformers' own model gives for encoded rows, in fp32."""
    found = np.empty((len(split), labels), dtype=np.float32)
    by_length = np.argsort(-split.lengths, kind="stable")  # rows of like length share a batch, so little is padded
    with torch.no_grad():
        for at in range(0, len(by_length), batch_size):
            rows = by_length[at : at + batch_size]
            batch = model_inputs(split, rows, pad_id, model.device)
            found[rows] = model(**batch).logits.float().cpu().numpy()
    return found
