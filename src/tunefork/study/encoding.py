"""Splits as the study's model reads them: tokens of texts, pixels of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tunefork.config import DataConfig
from tunefork.data import EncodedSplit, ImageSplit, Split, Splits, TokenSplit, encode
from tunefork.engine import Rows, unit_of
from tunefork.errors import UnsupportedModelError
from tunefork.models import Backbone, ImageReader, image_size, image_tokens, longest_input


@dataclass(frozen=True)
class Encoded:
    """The rows as a model reads them, and what was done to them."""

    rows: Rows
    max_length: int = 0
    """Tokens kept of a text: what was asked for, or what the model's positions allow. 0 for images."""
    notices: tuple[str, ...] = ()

    @property
    def splits(self) -> dict[str, EncodedSplit]:
        """The splits that exist, by name."""
        named = {"train": self.rows.train, "validation": self.rows.validation, "test": self.rows.test}
        return {name: split for name, split in named.items() if split is not None}


def encode_rows(splits: Splits, backbone: Backbone, data: DataConfig) -> Encoded:
    """All splits as a model reads them.

    Raises:
        UnsupportedModelError: the model reads texts and the rows are images, or the other way round.
    """
    check_task(splits.task, backbone.task, backbone.name)
    if backbone.images is not None:
        return _encode_images(splits, backbone, backbone.images)
    return _encode_texts(splits, backbone, data)


def check_task(rows: str, model: str, name: str) -> None:
    """Refuse a model that does not read what the rows are.

    Raises:
        UnsupportedModelError: it does not.
    """
    if rows == model:
        return
    kinds = {"text-classification": "texts", "image-classification": "images"}
    raise UnsupportedModelError(
        f"The model '{name}' reads {kinds[model]}, and these rows are {kinds[rows]}",
        where="model",
        fix="Choose another model, such as builtin:minilm."
        if rows == "text-classification"
        else "Choose another model, such as builtin:vit-fashion.",
    )


def _encode_images(splits: Splits, backbone: Backbone, reader: ImageReader) -> Encoded:
    tokens = image_tokens(backbone)
    encoded = {split.name: _images(split, backbone, reader, tokens) for split in splits.present()}
    notices: tuple[str, ...] = ()
    before = image_size(backbone.model.config)
    if before is not None and before != (reader.height, reader.width):
        notices = (
            f"images are {reader.height} × {reader.width}, the model was pretrained on {before[0]} × {before[1]}: its "
            "positions are interpolated, by the saved model too",
        )
    return Encoded(_rows(encoded, splits, backbone), notices=notices)


def _rows(encoded: Mapping[str, EncodedSplit], splits: Splits, backbone: Backbone) -> Rows:
    return Rows(
        encoded["train"],
        encoded.get("validation"),
        encoded.get("test"),
        backbone.pad_id,
        splits.labels.names,
        unit_of(backbone, splits.train.labels),
    )


def _images(split: Split, backbone: Backbone, reader: ImageReader, tokens: int) -> ImageSplit:
    assert split.images is not None
    assert split.images.pixels is not None
    assert split.images.pixels.size == (reader.height, reader.width), "pictures were made for another model"
    return ImageSplit(
        labels=split.labels,
        ids=split.ids,
        lengths=np.full(len(split), tokens),
        pixels=split.images.pixels,
        places=split.images.places,
        gain=reader.gain,
        offset=reader.offset,
        interpolate=backbone.interpolate,
    )


def _encode_texts(splits: Splits, backbone: Backbone, data: DataConfig) -> Encoded:
    """Tokenise, within what the model's positions allow."""
    limit = longest_input(backbone.model.config)
    length = data.max_length
    notices: tuple[str, ...] = ()
    if limit is not None and length > limit:
        length, notices = (
            limit,
            (f"max_length {data.max_length} is more than the model's {limit} positions; {limit} is used",),
        )
    encoded = {split.name: encode(split, backbone.tokenizer, length, data.truncation) for split in splits.present()}
    if backbone.anatomy.pooling == "last":
        encoded, told = _pooled_where_saved_models_do(encoded, backbone)
        notices += told
    return Encoded(_rows(encoded, splits, backbone), length, notices)


def _pooled_where_saved_models_do(
    encoded: Mapping[str, TokenSplit], backbone: Backbone
) -> tuple[dict[str, TokenSplit], tuple[str, ...]]:
    """Rows that end where transformers' classifiers of decoders look: at the last token that is not padding.

    GPT-2 pads with its end token, and a text may end in that itself. What stands behind the pooled token no causal
    model sees.
    """
    found = {name: split.without_last(backbone.pad_id) for name, split in encoded.items()}
    ended = sum(int((found[name].lengths != split.lengths).sum()) for name, split in encoded.items())
    if not ended:
        return found, ()
    token = backbone.tokenizer.convert_ids_to_tokens(backbone.pad_id)
    verb = "text ends" if ended == 1 else "texts end"
    return found, (f"{ended:,} {verb} in {token}, which is padding: the token before it is what the head reads",)
