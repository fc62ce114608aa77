"""How many bits a channel of a picture has, as its file says: of 16-bit colours Pillow gives 8, and does not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

PNG_DEPTH = 24
"""Where a PNG has its bits: the ninth byte of IHDR, which comes first (https://www.w3.org/TR/png-3/#11IHDR)."""
TIFF_BITS = 258
"""TIFF's tag BitsPerSample, a number for each channel."""
_PPM = re.compile(rb"P[3-6](?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+(\d{1,5})\s")
"""Netpbm's head: width, height, and the largest value."""


def bits(content: bytes, image: Image) -> int:
    """Bits of a channel of a PNG, TIFF or PPM; 8 of other formats, and where a file does not say.

    Args:
        content: the file; empty where there is none.
        image: as Pillow has opened it.
    """
    if image.format == "PNG" and content[12:16] == b"IHDR":
        return content[PNG_DEPTH]
    if image.format == "PPM" and (head := _PPM.match(content[:1000])):
        return int(head[1]).bit_length()
    if image.format == "TIFF":
        found = getattr(image, "tag_v2", {}).get(TIFF_BITS, 8)
        return max(found if isinstance(found, tuple) and found else (8,)) if not isinstance(found, int) else found
    return 8
