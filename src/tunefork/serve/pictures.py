"""Pictures as a client sends them: bytes in base64. Names and addresses are never opened."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from tunefork.data.images.decoding import BombError, picture_size
from tunefork.errors import DataError
from tunefork.web import refusal

LARGEST = 40_000_000
"""Pixels of one picture at most; known from its head, before anything is decoded."""


def decoded(pictures: Sequence[str]) -> list[bytes]:
    """The files' bytes.

    Raises:
        DataError: not base64.
        HTTPException: 413 for a picture with too many pixels.
    """
    found = []
    for number, text in enumerate(pictures):
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise DataError(
                "A picture is not in base64", where=f"images.{number}", found=repr(text[:40]), fix="Encode its bytes."
            ) from None
        try:
            width, height = picture_size(content)
            size = f"{width:,} × {height:,} pixels" if width * height > LARGEST else ""
        except BombError as error:
            size = str(error)
        if size:
            fix = f"Send at most {LARGEST:,} pixels."
            raise refusal(413, "The picture is too large", where=f"images.{number}", found=size, fix=fix)
        found.append(content)
    return found
