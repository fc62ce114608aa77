"""Pictures made for the tests, in every shape that people have them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def picture(number: int = 0, size: tuple[int, int] = (20, 16), mode: str = "RGB") -> Image.Image:
    """A picture that is like no other number's."""
    random = np.random.default_rng(number)
    image = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3)).astype(np.uint8))
    return image if mode == "RGB" else image.convert(mode)


def content(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """A file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
