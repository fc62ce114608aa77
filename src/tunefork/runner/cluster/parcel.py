"""A job as it travels: by value, with pictures apart, which all processes of a machine share."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data.images.pixels import Pixels
from tunefork.runner.protocol import Job


@dataclass(frozen=True)
class Parcel:
    """What Ray's object store holds: once on every machine, read by its workers without a copy."""

    content: bytes
    pictures: list[NDArray[np.uint8]]


@dataclass(frozen=True)
class Sent:
    """A job that lies in the object store."""

    reference: Any
    """Of its parcel."""
    name: str
    """Tells it from others."""


def pack(job: Job) -> Parcel:
    """Pack a job; a file with pictures is known on this machine alone, so its content goes along."""
    stream = io.BytesIO()
    packing = _Packing(stream)
    packing.dump(job)
    return Parcel(stream.getvalue(), packing.pictures)


def unpack(parcel: Parcel) -> Job:
    """The job."""
    job: Job = _Unpacking(io.BytesIO(parcel.content), parcel.pictures).load()
    return job


class _Packing(pickle.Pickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.pictures: list[NDArray[np.uint8]] = []
        self._seen: dict[int, int] = {}

    def persistent_id(self, each: Any) -> int | None:
        if not isinstance(each, Pixels):
            return None
        if id(each) not in self._seen:
            self._seen[id(each)] = len(self.pictures)
            self.pictures.append(np.asarray(each.array))
        return self._seen[id(each)]


class _Unpacking(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, pictures: list[NDArray[np.uint8]]) -> None:
        super().__init__(stream)
        self._pixels: list[Pixels] = [Pixels(array) for array in pictures]

    def persistent_load(self, place: Any) -> Pixels:
        return self._pixels[int(place)]
