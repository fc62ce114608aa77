"""Small copies of the test rows that a report shows: pictures, or the beginnings of texts.

The data itself is not kept with a study. Without these copies a report could name a row by its id only.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from tunefork.data import Split
from tunefork.report import summarise, wanted_rows
from tunefork.store import Store

SIDE = 96
"""Pixels of a thumbnail's longer side at most."""
CHARACTERS = 300
"""Of a text that are kept, of both parts of a pair together."""


def keep_examples(store: Store, test: Split) -> None:
    """Put small copies of the rows that the report will show into the store."""
    wanted = wanted_rows(store, summarise(store))
    if not {*store.thumbnails(), *store.excerpts()} <= set(wanted):
        store.forget_examples()  # the report shows other rows than before
    if not wanted:
        return
    rows = {str(identity): row for row, identity in enumerate(test.ids)}
    if test.images is None:
        store.put_excerpts({identity: excerpt(test.texts[rows[identity]]) for identity in wanted})
    elif test.images.pixels is not None:
        places = test.images.places[np.array([rows[identity] for identity in wanted])]
        pictures = test.images.pixels.take(places)
        store.put_thumbnails({identity: _jpeg(pixels) for identity, pixels in zip(wanted, pictures)})


def excerpt(parts: Sequence[str]) -> str:
    """The beginning of a text, without its line breaks; of a pair each part's, on a line of its own.

    >>> excerpt(["late  again,\\n and broken"]), excerpt(["a man sleeps", "he is awake"])
    ('late again, and broken', 'a man sleeps\\nhe is awake')
    """
    room = CHARACTERS // len(parts)
    plain = [" ".join(part.split()) for part in parts]
    return "\n".join(part if len(part) <= room else f"{part[: room - 1].rstrip()}…" for part in plain)


def _jpeg(pixels: np.ndarray) -> bytes:
    """One picture [height, width, 3]."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()
