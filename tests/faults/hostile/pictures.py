"""Files that are called pictures: bombs, torn ones, other things, and strange ones that are to be read."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.images.making import content, picture
from tests.data.images.test_decoding import bomb
from tests.faults.hostile.case import Hostile
from tunefork.config import DataConfig
from tunefork.data import load_splits


def file(name: str, data: bytes, says: str = "", called: str = "odd.png", *, valid: bool = False) -> Hostile:
    """One odd file among good pictures of two classes."""

    def read(folder: Path) -> object:
        for number in range(8):
            path = folder / "photos" / ("cat", "dog")[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content(picture(number)))
        (folder / "photos" / "cat" / called).write_bytes(data)
        return load_splits(DataConfig(train="photos", validation=0))

    return Hostile(f"{called} {name}", read, says, valid)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(name: bytes, data: bytes) -> bytes:
    """A picture with one more part behind its head."""
    plain = content(picture())
    return plain[:33] + chunk(name, data) + plain[33:]


def animated(kind: str, frames: int = 3) -> bytes:
    return content(picture(0), kind, save_all=True, append_images=[picture(n) for n in range(1, frames)])


def headed(data: bytes, at: int, number: bytes) -> bytes:
    return data[:at] + number + data[at + len(number) :]


def icon(size: int) -> bytes:
    """An icon whose head says 16 pixels and whose picture says more."""
    inner = bomb(size, size)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def turned(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return content(picture(), "JPEG", exif=tags.tobytes())


def loop_of_frames() -> bytes:
    """A TIFF whose first frame is followed by itself."""
    data = bytearray(content(picture(), "TIFF"))
    first = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    return bytes(data)


SIXTEEN = Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 160)
JPEG, PNG, GIF, BMP = (content(picture(40, (64, 64)), kind) for kind in ("JPEG", "PNG", "GIF", "BMP"))
BOMB = "may be a bomb"

PICTURES = (
    file("of 3.6 billion pixels", bomb(60_000, 60_000), BOMB),
    file("of 100 million pixels", bomb(10_000, 10_000), BOMB),
    file("of 2**31 pixels", bomb(2**31 - 1, 1), BOMB),
    file("of no pixels", bomb(0, 0), "cat/odd.png"),
    file("of pixels that are not there", bomb(500, 500), "cat/odd.png"),
    file("of many pixels", b"P6 99999 99999 255\n" + bytes(99), BOMB, "odd.ppm"),
    file("of a word for its width", b"P6 many 9 255\n" + bytes(99), "cat/odd.ppm", "odd.ppm"),
    file("of a number without end", b"P6 " + b"9" * 9999 + b" 9 255\n", "cat/odd.ppm", "odd.ppm"),
    file("of many pixels", headed(BMP, 18, struct.pack("<ii", 50_000, 50_000)), BOMB, "odd.bmp"),
    file("of fewer than no pixels", headed(BMP, 18, struct.pack("<ii", -64, 64)), "cat/odd.bmp", "odd.bmp"),
    file("of many pixels", headed(GIF, 6, b"\xff\xff\xff\xff"), BOMB, "odd.gif"),
    file("that says less than it holds", icon(20_000), "cat/odd.ico", "odd.ico"),
    file("of 50 MB of text", with_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000))), "cat/odd.png"),
    file("of a profile of 50 MB", with_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
    file("with a chunk that nobody knows", with_chunk(b"abCd", b"x" * 1000), valid=True),
    file("with a wrong checksum", headed(PNG, 29, b"\0\0\0\0"), "cat/odd.png"),
    file("of zero bytes", b"", "the file is empty"),
    file("of one byte", b"\x89", "not a picture"),
    file("of its head alone", PNG[:33], "cat/odd.png"),
    file("cut off", PNG[: len(PNG) // 2], "cat/odd.png"),
    file("cut off", JPEG[: len(JPEG) // 2], "cat/odd.jpg", "odd.jpg"),
    file("cut off", GIF[: len(GIF) // 2], "cat/odd.gif", "odd.gif"),
    file("cut off", BMP[: len(BMP) // 2], "cat/odd.bmp", "odd.bmp"),
    file("of zeros", bytes(5000), "not a picture"),
    file("that is HTML", b"<!doctype html><script>alert(1)</script>", "not a picture"),
    file("that is SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
    file("that is XML of laughs", b"<!DOCTYPE x [<!ENTITY a 'ha'>]><svg>&a;</svg>", "not a picture"),
    file("that is PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    file("that is PDF", content(picture(), "PDF"), "not a picture"),
    file("that is a zip", b"PK\x03\x04" + bytes(99), "not a picture"),
    file("that is a program", b"#!/bin/sh\nrm -rf /\n", "not a picture"),
    file("that is Photoshop's", b"8BPS\0\x01" + bytes(99), "not a picture"),
    file("that is a font", b"\0\x01\0\0\0" + bytes(99), "not a picture"),
    file("that is JPEG", JPEG, called="odd.png", valid=True),
    file("that is PNG", PNG, called="odd.jpeg", valid=True),
    file("that is no text", JPEG, called="odd.dat", valid=True),
    file("of 16 bits", content(SIXTEEN), valid=True),
    file("of 16 bits", content(SIXTEEN, "TIFF"), called="odd.tif", valid=True),
    file("in CMYK", content(picture().convert("CMYK"), "JPEG"), called="odd.jpg", valid=True),
    file("of one bit", content(picture(mode="1")), valid=True),
    file("with a palette", content(picture().quantize(4)), valid=True),
    file("with transparency", content(picture(mode="RGBA")), valid=True),
    file("of one pixel", content(picture(3, (1, 1))), valid=True),
    file("of one line", content(Image.new("L", (60_000, 1))), valid=True),
    file("that moves", animated("GIF"), called="odd.gif", valid=True),
    file("that moves", animated("WEBP"), called="odd.webp", valid=True),
    file("that moves", animated("PNG"), called="odd.png", valid=True),
    file("of 2,000 frames", animated("GIF", 2000), called="odd.gif", valid=True),
    file("of frames that go round", loop_of_frames(), called="odd.tif", valid=True),
    file("that is turned", turned(6), called="odd.jpg", valid=True),
    file("that is turned in no way", turned(99), called="odd.jpg", valid=True),
    file("with tags that are torn", turned(6)[:30] + b"\xff" * 20 + turned(6)[50:], called="odd.jpg"),
    file("with something behind it", PNG + b"<script>alert(1)</script>" * 99, valid=True),
    file("of a line break", b"x", "a\\nb.png", "a\nb.png"),
    file("of an escape", b"x", "\\x1b[2J.png", "\x1b[2J.png"),
    file("of half a pair", b"x", "\\udcff.png", "\udcff.png"),
)  # fmt: skip
