"""Small pictures of the test rows that a report shows."""

from __future__ import annotations

import io

import numpy as np

from tunefork.data import Split
from tunefork.report import summarise, wanted_thumbnails
from tunefork.store import Store

SIDE = 96
"""Pixels of a thumbnail's longer side at most."""


def keep_thumbnails(store: Store, test: Split) -> None:
    """Put the pictures that the report will show into the store, where rows are images."""
    if test.images is None or test.images.pixels is None:
        return
    wanted = wanted_thumbnails(store, summarise(store))
    if not wanted:
        return
    rows = {identity: row for row, identity in enumerate(test.ids)}
    places = test.images.places[np.array([rows[identity] for identity in wanted])]
    pictures = test.images.pixels.take(places)
    store.put_thumbnails({identity: _jpeg(pixels) for identity, pixels in zip(wanted, pictures)})


def _jpeg(pixels: np.ndarray) -> bytes:
    """One picture [height, width, 3]."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()
