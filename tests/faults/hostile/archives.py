"""Zip and tar archives that lead out, unfold without end, or lie about themselves."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.data.images.making import content, picture
from tests.faults.hostile.case import Hostile
from tunefork.config import DataConfig
from tunefork.data import load_splits

Members = Mapping[str, bytes]
GOOD: dict[str, bytes] = {f"{label}/{n}.png": content(picture(n + 9 * (label == "cat"))) for label in ("cat", "dog")
                          for n in range(4)}  # fmt: skip


def zipped(members: Members, change: Callable[[zipfile.ZipInfo], None] = lambda member: None) -> bytes:
    """A zip of two classes and some more, which ``change`` may alter before they are written."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in GOOD.items():
            archive.writestr(name, data)
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.filename, member.compress_type = name, zipfile.ZIP_DEFLATED
            change(member)
            archive.writestr(member, data)
    return out.getvalue()


def tarred(name: str, data: bytes = b"", form: int = tarfile.PAX_FORMAT, **fields: object) -> bytes:
    """A tar of two classes and one more member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for each, found in GOOD.items():
            member = tarfile.TarInfo(each)
            member.size = len(found)
            archive.addfile(member, io.BytesIO(found))
        member = tarfile.TarInfo(name)
        member.size = len(data)
        for field, value in fields.items():
            setattr(member, field, value)
        archive.addfile(member, io.BytesIO(data) if data else None)
    return out.getvalue()


def sized(size: int) -> bytes:
    """A tar whose last member says that it has that many bytes."""
    data = bytearray(tarred("cat/odd.png", b"x" * 512))
    at = data.rindex(b"cat/odd.png")
    data[at + 124 : at + 136] = (size % 256**12).to_bytes(12, "big")
    data[at + 124] = 0xFF if size < 0 else 0x80
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data)


def headed(data: bytes, offset: int, number: int) -> bytes:
    """A zip in whose last entry of the directory one number is another."""
    torn = bytearray(data)
    struct.pack_into("<I", torn, data.rindex(b"PK\x01\x02") + offset, number)
    return bytes(torn)


def linked(member: zipfile.ZipInfo) -> None:
    member.external_attr = 0o120777 << 16


def locked(data: bytes) -> bytes:
    torn = bytearray(data)
    torn[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(torn)


def twice(name: str) -> bytes:
    out = io.BytesIO(zipped({}))
    with zipfile.ZipFile(out, "a") as archive:
        member = zipfile.ZipInfo(name)
        archive.writestr(member, content(picture(99)))
    return out.getvalue()


def archive(name: str, data: bytes, says: str = "", file: str = "photos.zip", **config: object) -> Hostile:
    def read(folder: Path) -> object:
        (folder / file).write_bytes(data)
        found = load_splits(DataConfig(**{"train": file, "validation": 0, **config}))
        assert [each.name for each in folder.iterdir()] == [file], "nothing is unpacked beside it"
        return found

    return Hostile(f"{file} {name}", read, says)


def tar(name: str, data: bytes, says: str = "", file: str = "photos.tar", **config: object) -> Hostile:
    return archive(name, data, says, file, **config)


PNG = content(picture(50))
OUT = "leads out of the archive"
BOMB = "it may be a bomb"
SLIPS = ("../x.png", "/x.png", "a/../../x.png", "..\\x.png", "C:/x.png", "\\\\server\\x.png", "a/..", "//x.png")

ARCHIVES = (
    *(archive(f"with {name!r}", zipped({name: PNG}), OUT) for name in SLIPS if name != "C:/x.png"),
    *(tar(f"with {name!r}", tarred(name, PNG), OUT) for name in SLIPS if name != "C:/x.png"),
    archive("with a drive", zipped({"C:/x.png": PNG}), OUT),
    archive("with a link", zipped({"cat/link.png": b"/etc/passwd"}, linked), "a link"),
    archive("with a hidden link", zipped({"cat/.link": b"/etc/passwd"}, linked)),
    archive("with a locked member", locked(zipped({"cat/x.png": PNG})), "encrypted"),
    archive("with a line break in a name", zipped({"cat/a\nb.png": b"no picture"}), "a\\nb.png"),
    archive("with an escape in a name", zipped({"cat/\x1b[2J.png": b"no picture"}), "\\x1b[2J"),
    archive("with a name turned around", zipped({"cat/\u202egnp.exe.png": b"no picture"}), "\\u202e"),
    archive("with a class of a line break", zipped({f"a\nb/{n}.png": content(picture(60 + n)) for n in range(4)})),
    archive("with a long name", zipped({f"cat/{'x' * 60_000}.png": b"no picture"}), "characters)"),
    archive("with very deep folders", zipped({"a/" * 30_000 + "x.png": PNG}), "too deep"),
    archive("with a name twice", twice("cat/0.png"), "there twice"),
    archive("with a name twice, in other words", twice("./cat/0.png"), "there twice"),
    archive("with a name twice, backwards", twice("cat\\0.png"), "there twice"),
    archive("with a name that is a folder's", zipped({"cat/": b"", "cat": b"x"})),
    archive("with a bomb", zipped({"cat/0.bmp": bytes(80_000_000)}), BOMB),
    archive("with many small bombs", zipped({f"cat/{n}.bmp": bytes(60_000_000) for n in range(4, 8)}), "cat/4.bmp"),
    archive("that says it holds 3 GB", headed(zipped({"cat/x.png": PNG}), 24, 3 * 2**30), BOMB),
    archive("that says it holds less", headed(zipped({"cat/x.png": PNG}), 24, 10), "cat/x.png"),
    archive("with a checksum that is wrong", headed(zipped({"cat/x.png": PNG}), 16, 1), "cat/x.png"),
    archive("with an offset that is wrong", headed(zipped({"cat/x.png": PNG}), 42, 2**31), "cat/x.png"),
    archive("with a method that nobody knows", headed(zipped({"cat/x.png": PNG}), 10, 77), "cat/x.png"),
    archive("that ends early", zipped({})[:-40], "photos.zip"),
    archive("without its beginning", zipped({})[40:], "photos.zip"),
    archive("inside an archive", zipped({"cat/inner.zip": zipped({})})),
    archive("of an archive", zipped({"cat/inner.png": zipped({})}), "not a picture"),
    archive("of programs", zipped({"cat/x.png": b"\x7fELF" + bytes(99)}), "not a picture"),
    archive("of programs, skipped", zipped({"cat/x.png": b"\x7fELF" + bytes(99)}), bad_images="skip"),
    archive("of a workbook", zipped({"[Content_Types].xml": b"<x/>"}), "Excel"),
    archive("of many empty members", zipped({f"cat/{n}.txt": b"" for n in range(5000)})),
    archive("of many empty pictures", zipped({f"cat/e{n}.png": b"" for n in range(2000)}), "the file is empty"),
    archive("that is a tar", tarred("cat/x.png", PNG)),
    archive("that is text", b"cat,dog\n1,2\n", "photos.zip"),
    archive("that is nothing", b"", "empty"),
    tar("with a drive", tarred("C:/x.png", PNG), OUT),
    tar("with a link", tarred("cat/l.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
    tar("with a hard link", tarred("cat/l.png", type=tarfile.LNKTYPE, linkname="../../x"), "a link"),
    tar("with a device", tarred("cat/d.png", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "no regular file"),
    tar("with a block device", tarred("cat/d.png", type=tarfile.BLKTYPE, devmajor=8), "no regular file"),
    tar("with a pipe", tarred("cat/p.png", type=tarfile.FIFOTYPE), "no regular file"),
    tar("with a name twice", tarred("cat/0.png", PNG), "there twice"),
    tar("with a NUL in a name", tarred("cat/x\0.png", PNG)),
    tar("with a line break in a name", tarred("cat/a\nb.png", b"x"), "a\\nb.png"),
    tar("with a surrogate in a name", tarred("cat/\udcff.png", b"x", tarfile.GNU_FORMAT), "\\udcff"),
    tar("with a long name", tarred(f"cat/{'x' * 10**6}.png", b"x"), "characters)"),
    tar("with very deep folders", tarred("a/" * 10**5 + "x.png", PNG), "too deep"),
    tar("with a member of 8 EB", sized(2**63), "photos.tar"),
    tar("with a size of -1", sized(-1), "photos.tar"),
    tar("with a size that leads back", sized(-1024), "photos.tar"),
    tar("with a size that leads to the beginning", sized(-len(tarred("cat/odd.png", b"x" * 512))), "photos.tar"),
    tar("of a size in words", tarred("cat/x.png", PNG, pax_headers={"size": "many"}), "photos.tar"),
    tar("of a size below zero", tarred("cat/x.png", PNG, pax_headers={"size": "-512"}), "below zero"),
    tar("of a path in its header", tarred("cat/x.png", PNG, pax_headers={"path": "../../x.png"}), OUT),
    tar("that ends early", tarred("cat/x.png", PNG)[:-9000], "photos.tar"),
    tar("of zeros", bytes(10_240), "photos.tar"),
    tar("that is a zip", zipped({})),
    tar("of gzip in gzip", gzip.compress(gzip.compress(tarred("cat/x.png", PNG))), "no tar", "photos.tar.gz"),
    tar("that is no tar", gzip.compress(bytes(10**6)), "photos.tgz", "photos.tgz"),
    tar("with a torn stream", gzip.compress(tarred("cat/x.png", PNG))[:-99], "photos.tar.gz", "photos.tar.gz"),
    tar("with a wrong checksum", gzip.compress(tarred("cat/x.png", PNG))[:-8] + bytes(8), "", "photos.tar.gz"),
    tar("with a torn stream", bz2.compress(tarred("cat/x.png", PNG))[:-99], "photos.tar.bz2", "photos.tar.bz2"),
    tar("with a torn stream", lzma.compress(tarred("cat/x.png", PNG))[:-99], "photos.tar.xz", "photos.tar.xz"),
)  # fmt: skip
