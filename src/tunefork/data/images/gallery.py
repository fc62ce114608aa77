"""The pictures of a table, read and decoded once, in threads: checked, hashed, and made the size a model wants."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tunefork.data.images.decoding import CHANGES, BadPictureError, BombError, decode_picture
from tunefork.data.images.pictures import Picture, picture_of
from tunefork.data.images.pixels import Pixels, PixelStore
from tunefork.data.table import Table, count, either, shorten
from tunefork.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

THREADS = 8
"""At most: a large picture takes a quarter of a GiB while it is decoded."""
AHEAD = 64
"""Pictures under way at a time: enough to keep threads busy, few enough to hold in memory."""


class Resize(Protocol):
    """Makes every picture the size that a model wants."""

    def __call__(self, image: Image) -> NDArray[np.uint8]:
        """An RGB picture → [height, width, 3]."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """The pictures of a table."""

    names: tuple[str, ...]
    """[N] under which people find them; N are the table's rows."""
    hashes: tuple[str, ...]
    """[N] of size and pixels, before resizing; empty for rows whose picture is missing or bad."""
    places: NDArray[np.int64]
    """[N] of each row's picture in ``pixels``; -1 where there is none."""
    pixels: Pixels | None
    """None where nobody said what size they are to be."""
    bad: dict[int, str]
    """Row → what is wrong with its picture."""
    changes: Counter[str]
    """How many pictures were converted, by kind."""

    def notices(self, name: str) -> list[str]:
        """What was done to pictures that were not plain RGB."""
        return [
            f"{count(number, 'picture')} of {name} {either(number, *words)}."
            for change, words in CHANGES.items()
            if (number := self.changes[change])
        ]


@dataclass(frozen=True, eq=False)
class _Seen:
    hash: str
    pixels: NDArray[np.uint8] | None
    changes: tuple[str, ...]


def read_gallery(table: Table, pictures: Sequence[Picture | None], resize: Resize | None) -> Gallery:
    """Read all pictures of a table.

    Args:
        table: whose they are, for messages.
        pictures: one per row; None where a cell is empty.
        resize: makes them the size that a model wants; without it they are only checked and hashed.

    Raises:
        DataError: a picture that may be a bomb.
    """
    with PixelStore() as store:
        return _read(table, pictures, resize, store)


def _read(table: Table, pictures: Sequence[Picture | None], resize: Resize | None, store: PixelStore) -> Gallery:
    hashes, changes, bad = [""] * len(pictures), Counter[str](), {}
    places = np.full(len(pictures), -1, dtype=np.int64)
    for row, found in enumerate(_decoded(pictures, resize)):
        if isinstance(found, BombError):
            raise DataError(
                f"The picture '{_name(pictures[row])}' is refused: it may be a bomb",
                where=table.place(row),
                found=str(found),
                fix="Remove it, or make it smaller.",
            )
        if isinstance(found, BadPictureError):
            bad[row] = str(found)
        elif found is not None:
            hashes[row] = found.hash
            changes.update(found.changes)
            if found.pixels is not None:
                places[row] = store.add(found.pixels)
    pixels = store.close() if (places >= 0).any() else None
    return Gallery(tuple(map(_name, pictures)), tuple(hashes), places, pixels, bad, changes)


def read_pictures(pictures: Sequence[Any], resize: Resize) -> Pixels:
    """Pictures given one by one: paths, bytes, Pillow images or arrays.

    Raises:
        DataError: pictures that are missing or cannot be read.
    """
    values = [str(each) if isinstance(each, Path) else each for each in pictures]
    numbers = range(1, len(values) + 1)
    table = Table("the pictures", {}, numbers, unit="number")
    gallery = read_gallery(
        table, [picture_of(value, f"number {at}", Path()) for at, value in zip(numbers, values)], resize
    )
    missing = {row: "nothing is given" for row, digest in enumerate(gallery.hashes) if not digest} | gallery.bad
    if missing:
        raise bad_pictures(replace(gallery, bad=missing), table, fix="Replace or remove them.")
    assert gallery.pixels is not None
    return gallery.pixels


def bad_pictures(
    gallery: Gallery,
    table: Table,
    fix: str = "Replace or remove them, or leave them out with --bad-images skip (bad_images: skip).",
) -> DataError:
    """The error for pictures that cannot be used."""
    rows = sorted(gallery.bad)
    reasons = [f"{gallery.names[row]}: {gallery.bad[row]}" for row in rows]
    return DataError(
        f"{count(len(rows), 'picture')} cannot be read",
        where=table.places(rows),
        found=shorten(reasons, 3),
        fix=fix,
        past={"bad_images": "skip" if any(gallery.hashes) else "error"},
    )


def _name(picture: Picture | None) -> str:
    return picture.name if picture is not None else ""


def _decoded(pictures: Sequence[Picture | None], resize: Resize | None) -> Iterator[_Seen | BadPictureError | None]:
    """What each picture holds, in order; a few are under way ahead of the one that is asked for."""
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")  # Pillow's words about large or odd pictures, which are refused or counted
        waiting: list[Future[_Seen | BadPictureError | None]] = []
        for picture in pictures:
            waiting.append(pool.submit(_see, picture, resize))
            if len(waiting) > AHEAD:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _see(picture: Picture | None, resize: Resize | None) -> _Seen | BadPictureError | None:
    if picture is None:
        return None
    try:
        decoded = decode_picture(picture.read())
        image = decoded.image
        pixels = None if resize is None else resize(image)
    except BadPictureError as error:
        return error
    except (ValueError, OSError, MemoryError) as error:
        return BadPictureError(f"the image processor says: {str(error) or type(error).__name__}")
    state = hashlib.sha256(f"{image.width}×{image.height}".encode())
    state.update(image.tobytes())
    return _Seen(state.hexdigest(), pixels, decoded.changes)
