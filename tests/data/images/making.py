"""Pictures made for the tests, in every shape that people have them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image


def picture(number: int = 0, size: tuple[int, int] = (20, 16), mode: str = "RGB") -> Image.Image:
    """A picture that is like no other number's."""
    random = np.random.default_rng(number)
    image = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3)).astype(np.uint8))
    return image if mode == "RGB" else image.convert(mode)


def wide_png(values: np.ndarray) -> bytes:
    """A PNG of [H, W, channels] numbers of 16 bits: grey and alpha, RGB or RGBA, none of which Pillow writes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def wide_tiff(values: np.ndarray) -> bytes:
    """A TIFF of [H, W, 3] numbers of 16 bits."""
    height, width, channels = values.shape
    data = values.astype("<u2").tobytes()
    rows = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8 + len(data)), (259, 3, 1, 1), (262, 3, 1, 2),
            (273, 4, 1, 8), (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(data))]  # fmt: skip
    tags = struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows) + bytes(4)
    bits = struct.pack("<HHH", 16, 16, 16)
    return b"II*\0" + struct.pack("<I", 8 + len(data) + len(bits)) + data + bits + tags


def content(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """A file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
