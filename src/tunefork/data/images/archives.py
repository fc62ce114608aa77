"""What lies in a zip or a tar: the pictures, by their path inside. Nothing is ever unpacked beside it.

A path that leads out of the archive, in whatever way, is refused with its name.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import tarfile
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tunefork.data.images.decoding import BadPictureError
from tunefork.data.images.folders import Listing, list_folder, refused
from tunefork.data.images.pictures import LARGEST_FILE, SNIFFED
from tunefork.data.table import count
from tunefork.errors import ReadError

RATIO = 200
"""How many times larger than what is stored of it something may become: pictures hardly shrink."""
HARMLESS = 2**26
"""Bytes up to which nobody minds the ratio of a zip's member; members are read one at a time."""
UNPACKED = 2**30
"""Bytes up to which nobody minds the ratio of a whole archive."""
DEEPEST = 100
"""Folders inside each other at most."""
STEP = 2**22
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""How files begin that gzip, bzip2 or xz have made."""
TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
DAMAGED = (
    OSError, EOFError, RuntimeError, NotImplementedError, ValueError, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What libraries raise about files that are not what they seem."""


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar, compressed or not. An Excel workbook is none, though it is a zip."""
    with path.open("rb") as file:
        begin = file.read(512)
    if begin.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                return "[Content_Types].xml" not in archive.namelist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            return path.suffix.lower() == ".zip"
    if begin.startswith(COMPRESSED):
        return any(suffix.lower() in TARS for suffix in path.suffixes[-2:])
    return begin[257:262] == b"ustar" or (path.suffix.lower() == ".tar" and tarfile.is_tarfile(path))


def list_pictures(path: Path, name: str) -> Listing:
    """The pictures of a folder, a zip or a tar.

    Raises:
        ReadError: not readable, damaged, or with an entry that is refused.
    """
    try:
        if path.is_dir():
            return list_folder(path, name)
        with path.open("rb") as file:
            packed = file.read(4) == b"PK\x03\x04"
        return list_zip(path, name) if packed else list_tar(path, name)
    except DAMAGED as error:
        raise ReadError(
            "The pictures cannot be read",
            where=name,
            found=str(error).split("\n")[0] or type(error).__name__,
            fix="Check the file and its rights, or pack it again.",
        ) from None


def list_zip(path: Path, name: str) -> Listing:
    """Members that are read one by one."""
    listing, archive, whole = Listing(name), zipfile.ZipFile(path), 0
    for member in sorted(archive.infolist(), key=lambda each: each.filename):
        inside = _inside(name, member.filename, folder=member.is_dir())
        if member.is_dir():
            listing.folders.add(inside)
            continue

        def read(member: zipfile.ZipInfo = member, size: int = -1) -> bytes:
            try:
                with archive.open(member) as file:
                    return file.read(size)
            except Exception as error:  # zlib, lzma and the like have errors of their own
                raise BadPictureError(str(error) or type(error).__name__) from None

        if not listing.wants(inside, lambda read=read: _first(read)):  # type: ignore[misc]
            continue
        if member.flag_bits & 1:
            raise refused(name, inside, "encrypted", "a member that needs a password")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise refused(name, inside, "a link", "a symbolic link")
        many = member.file_size > RATIO * member.compress_size and member.file_size > HARMLESS
        if many or member.file_size > LARGEST_FILE:
            limit = f"{LARGEST_FILE:,}" if member.file_size > LARGEST_FILE else f"{RATIO} times as many"
            found = f"{member.file_size:,} bytes out of {member.compress_size:,}, more than {limit}"
            raise refused(name, inside, "too large once unpacked; it may be a bomb", found)
        listing.add(inside, read)
        whole += member.file_size
    if whole > (most := max(UNPACKED, RATIO * path.stat().st_size)):
        raise refused(name, name, "too large once unpacked; it may be a bomb", f"{whole:,} bytes, more than {most:,}")
    return listing


def _first(read: Callable[..., bytes]) -> bytes:
    try:
        return read(size=SNIFFED)
    except BadPictureError:
        return b""


def list_tar(path: Path, name: str) -> Listing:
    """Members by where they begin in the tar, which is unpacked to a nameless file first where it is compressed."""
    listing, plain = Listing(name), _plain_tar(path, name)
    lock = threading.Lock()

    def part(at: int, size: int) -> bytes:
        with lock:
            plain.seek(at)
            return plain.read(size)

    weakref.finalize(part, plain.close)  # when no picture reads from it any more
    with tarfile.open(fileobj=plain, mode="r:") as archive:
        members = _members(archive)
        end = archive.offset
    for member in sorted(members, key=lambda each: each.name):
        inside = _inside(name, member.name, folder=member.isdir())
        if member.isdir():
            listing.folders.add(inside)
            continue
        at, size = member.offset_data, member.size
        if not listing.wants(inside, lambda at=at, size=size: part(at, min(size, SNIFFED))):  # type: ignore[misc]
            continue
        if not member.isreg():
            kind = "a link" if member.issym() or member.islnk() else "no regular file"
            raise refused(name, inside, kind, f"a member of type {member.type!r}")
        if member.size > LARGEST_FILE:
            raise refused(name, inside, "too large", f"{member.size:,} bytes, more than {LARGEST_FILE:,}")

        def read(at: int = at, size: int = size) -> bytes:
            content = part(at, size)
            if len(content) < size:
                raise BadPictureError("the archive ends in the middle of it")
            return content

        listing.add(inside, read)
    if any(part(end, tarfile.BLOCKSIZE)):  # tarfile takes a damaged head for the end
        raise tarfile.ReadError(f"damaged at byte {end:,}, behind {count(len(members), 'member')}")
    return listing


def _members(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """What a tar holds. A size below zero leads back, and reading on would never end."""
    members: list[tarfile.TarInfo] = []
    for member in archive:
        if member.size < 0 or (members and member.offset <= members[-1].offset):
            raise tarfile.ReadError(f"damaged at byte {member.offset:,}: the size is below zero")
        members.append(member)
    return members


def _plain_tar(path: Path, name: str) -> BinaryIO:
    file = path.open("rb")
    if not file.read(6).startswith(COMPRESSED):
        file.seek(0)
        return file
    plain = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as pictures are read from it
    with file, contextlib.ExitStack() as unless_whole:
        unless_whole.enter_context(plain)
        most, size = max(UNPACKED, RATIO * path.stat().st_size), 0
        for block in _unpacked(file):
            if not size and not _begins_a_tar(block):
                raise tarfile.ReadError("what is compressed is no tar")
            size += len(block)
            if size > most:
                raise refused(name, name, "too large once unpacked; it may be a bomb", f"more than {most:,} bytes")
            plain.write(block)
        unless_whole.pop_all()
    plain.seek(0)
    return plain


def _begins_a_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    begin = file.read(6)
    file.seek(0)
    opener = gzip.open if begin.startswith(b"\x1f\x8b") else bz2.open if begin.startswith(b"BZh") else lzma.open
    try:
        with opener(file, "rb") as stream:
            while block := stream.read(STEP):
                yield block
    except lzma.LZMAError as error:
        raise tarfile.ReadError(str(error)) from None


def _inside(name: str, member: str, folder: bool) -> str:
    """A member's path, which may not lead out of the archive."""
    path = PurePosixPath(member.replace("\\", "/"))
    out = path.is_absolute() or ".." in path.parts or "\0" in member or (path.parts and path.parts[0].endswith(":"))
    if out or not (path.parts or folder):
        raise refused(name, member, "a path that leads out of the archive", repr(member))
    if len(path.parts) > DEEPEST:
        raise refused(name, f"{member[:80]} …", "too deep", f"{len(path.parts):,} folders inside each other")
    return path.as_posix()
