"""Many pictures of one size as bytes: in memory, and beyond a limit in a file that is mapped into it."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tunefork.data.table import count
from tunefork.errors import ReadError

MEMORY = 2**28
"""Bytes kept in memory; a table that needs more goes to a file, which worker processes share."""


class Pixels:
    """[N, height, width, 3] bytes.

    Another process gets what is in memory by value, and a file by its name: it vanishes with the process that made it.
    """

    def __init__(self, array: NDArray[np.uint8], path: Path | None = None) -> None:
        self._array, self.path = array, path

    def __len__(self) -> int:
        return len(self._array)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self._array.shape[1], self._array.shape[2]

    @property
    def array(self) -> NDArray[np.uint8]:
        """All of them: [N, height, width, 3]."""
        return self._array

    def take(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[n, height, width, 3]: a copy of some of them."""
        return np.asarray(self._array[places])

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            return Pixels, (self._array,)
        return _mapped, (self.path, self._array.shape)


class PixelStore:
    """Takes pictures of one size, one after another.

    Args:
        memory: bytes at most in memory.
        folder: where the file goes that takes more; the system's temporary folder unless given.
    """

    def __init__(self, memory: int = MEMORY, folder: Path | None = None) -> None:
        self._memory, self._folder = memory, folder
        self._bytes = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def __enter__(self) -> PixelStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if kind is not None and self._path is not None:
            self._path.unlink(missing_ok=True)

    def add(self, picture: NDArray[np.uint8]) -> int:
        """Keep one picture [height, width, 3]; returns its place.

        Raises:
            ReadError: the disk is full.
        """
        self._shape = self._shape or picture.shape
        assert picture.shape == self._shape, "all pictures are made the same size"
        data = np.ascontiguousarray(picture).data.cast("B")
        if self._file is None and len(self._bytes) + len(data) > self._memory:
            handle, name = tempfile.mkstemp(suffix=".pixels", dir=self._folder)
            self._file, self._path = os.fdopen(handle, "wb"), Path(name)
            self._write(self._bytes)
            self._bytes = bytearray()
        if self._file is None:
            self._bytes += data
        else:
            self._write(data)
        self._count += 1
        return self._count - 1

    def _write(self, data: bytearray | memoryview) -> None:
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as error:
            raise self._full(error) from None

    def _full(self, error: OSError) -> ReadError:
        return ReadError(
            "There is no room for the pictures in the size that the model reads",
            where=str(self._path),
            found=f"{error.strerror or error} behind {count(self._count, 'picture')}",
            fix="Free some disk, or name a larger one in the variable TMPDIR.",
        )

    def close(self) -> Pixels:
        """All of them."""
        shape = (self._count, *self._shape)
        if self._file is None:
            return Pixels(np.frombuffer(self._bytes, dtype=np.uint8).reshape(shape))
        try:
            self._file.close()
        except OSError as error:
            raise self._full(error) from None
        assert self._path is not None
        pixels = _mapped(self._path, shape)
        weakref.finalize(pixels, self._path.unlink, missing_ok=True)
        return pixels


def _mapped(path: Path, shape: tuple[int, ...]) -> Pixels:
    return Pixels(np.memmap(path, dtype=np.uint8, mode="r", shape=shape), path)
