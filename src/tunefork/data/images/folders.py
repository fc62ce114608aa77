"""What lies in a folder, a zip or a tar: the pictures, by their path inside. Nothing is ever unpacked beside it.

A path that leads out of the folder, in whatever way, is refused with its name. Hidden files are passed over.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
import threading
import weakref
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tunefork.data.images.decoding import BadPictureError
from tunefork.data.images.pictures import LARGEST_FILE, Picture, named_like_a_picture, read_file
from tunefork.data.table import count
from tunefork.errors import ReadError

HIDDEN = ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")
"""Passed over like names that begin with a dot."""
SNIFFED = 16
"""Bytes that tell a picture from other files."""
RATIO = 200
"""How many times larger the members of a zip may be than what is stored of them: pictures hardly shrink."""
UNPACKED = 64 * 2**30
"""Bytes that a compressed tar may grow to."""
STEP = 2**22

COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""How files begin that gzip, bzip2 or xz have made."""
_MAGIC = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"P4",
    b"P5",
    b"P6",
    b"\0\0\0\x0cjP",
    b"\0\0\1\0",
)


@dataclass
class Listing:
    """The pictures of a folder or an archive."""

    name: str
    pictures: dict[str, Picture] = field(default_factory=dict)
    """By path inside, in the order of the paths."""
    folders: set[str] = field(default_factory=set)
    """Every folder inside, also empty ones."""
    hidden: int = 0
    other: list[str] = field(default_factory=list)
    """Files that are no pictures, by neither name nor content."""
    misnamed: int = 0
    """Pictures that are not called so."""

    def notices(self) -> tuple[str, ...]:
        """What was passed over."""
        found = []
        if self.hidden:
            found.append(f"{count(self.hidden, 'hidden entry')} of {self.name} passed over.")
        if self.other:
            kinds = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in self.other)
            shown = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(4))
            found.append(f"{count(len(self.other), 'file')} of {self.name} that are no pictures passed over ({shown}).")
        if self.misnamed:
            found.append(f"{count(self.misnamed, 'picture')} of {self.name} not called so read by content.")
        return tuple(found)

    def offer(self, path: str, read: Callable[[], Any], begin: Callable[[], bytes]) -> None:
        """Take a file, unless it is none to take.

        Args:
            path: inside the folder.
            read: gives its bytes.
            begin: gives its first bytes; asked only where the name says nothing.
        """
        if hidden(path):
            self.hidden += 1
        elif named_like_a_picture(path):
            self.pictures[path] = Picture(path, read)
        elif looks_like_a_picture(begin()):
            self.misnamed += 1
            self.pictures[path] = Picture(path, read)
        else:
            self.other.append(path)


def hidden(path: str) -> bool:
    """Whether a path passes through something hidden.

    >>> hidden("cat/.DS_Store"), hidden(".ipynb_checkpoints/1.jpg"), hidden("cat/1.jpg")
    (True, True, False)
    """
    return any(part.startswith(".") or part in HIDDEN for part in PurePosixPath(path).parts)


def looks_like_a_picture(begin: bytes) -> bool:
    """Whether a file begins as pictures do."""
    return begin.startswith(_MAGIC) or begin[8:12] == b"WEBP" or begin[4:12] in (b"ftypavif", b"ftypavis")


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
        return ".t" in path.name.lower()
    return begin[257:262] == b"ustar"


def list_pictures(path: Path, name: str) -> Listing:
    """The pictures of a folder, a zip or a tar.

    Raises:
        ReadError: not readable, damaged, or with an entry that is refused.
    """
    try:
        if path.is_dir():
            return _list_folder(path, name)
        with path.open("rb") as file:
            packed = file.read(4) == b"PK\x03\x04"
        return _list_zip(path, name) if packed else _list_tar(path, name)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ReadError(
            "The pictures cannot be read",
            where=name,
            found=str(error).split("\n")[0] or type(error).__name__,
            fix="Check the file and its rights, or pack it again.",
        ) from None


def _list_folder(root: Path, name: str) -> Listing:
    listing, whole = Listing(name), root.resolve()
    for folder, folders, files in os.walk(root, followlinks=True):
        listing.hidden += sum(map(hidden, folders))
        folders[:] = sorted(each for each in folders if not hidden(each))
        for each in [*folders, *sorted(files)]:
            path = Path(folder) / each
            inside = path.relative_to(root).as_posix()
            if path.is_symlink():
                target = path.resolve()
                if not target.is_relative_to(whole):
                    raise _refused(name, inside, "a link that leads out of the folder", f"it leads to {target}")
                if target.is_dir() and Path(folder).resolve().is_relative_to(target):
                    raise _refused(name, inside, "a link to a folder that it lies in", f"it leads to {target}")
            if path.is_dir():
                listing.folders.add(inside)
            else:
                listing.offer(inside, lambda path=path: read_file(path), lambda path=path: _begin(path))  # type: ignore[misc]
    return listing


def _begin(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(SNIFFED)


def _list_zip(path: Path, name: str) -> Listing:
    listing, archive = Listing(name), zipfile.ZipFile(path)
    for member in sorted(archive.infolist(), key=lambda each: each.filename):
        inside = _inside(name, member.filename)
        if member.is_dir():
            listing.folders.add(inside)
            continue
        if member.flag_bits & 1:
            raise _refused(name, inside, "encrypted", "a member that needs a password")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise _refused(name, inside, "a link", "a symbolic link")
        if member.file_size > max(RATIO * member.compress_size, 2**20) or member.file_size > LARGEST_FILE:
            found = f"{member.file_size:,} bytes out of {member.compress_size:,}"
            raise _refused(name, inside, "too large once unpacked; it may be a bomb", found)

        def read(member: zipfile.ZipInfo = member) -> bytes:
            try:
                return archive.read(member)
            except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
                raise BadPictureError(str(error) or type(error).__name__) from None
            except Exception as error:  # zlib, lzma and the like have errors of their own
                raise BadPictureError(f"{type(error).__name__}: {error}") from None

        listing.offer(inside, read, lambda read=read: _first(read))  # type: ignore[misc]
    return listing


def _first(read: Callable[[], bytes]) -> bytes:
    try:
        return read()[:SNIFFED]
    except BadPictureError:
        return b""


def _list_tar(path: Path, name: str) -> Listing:
    """Members by where they begin in the tar, which is unpacked to a nameless file first where it is compressed."""
    listing, plain = Listing(name), _plain_tar(path, name)
    lock = threading.Lock()

    def part(at: int, size: int) -> bytes:
        with lock:
            plain.seek(at)
            return plain.read(size)

    weakref.finalize(part, plain.close)  # when no picture reads from it any more
    with tarfile.open(fileobj=plain, mode="r:") as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            inside = _inside(name, member.name)
            if member.isdir():
                listing.folders.add(inside)
                continue
            if not member.isreg():
                kind = "a link" if member.issym() or member.islnk() else "no regular file"
                raise _refused(name, inside, kind, f"a member of type {member.type!r}")
            if member.size > LARGEST_FILE:
                raise _refused(name, inside, "too large", f"{member.size:,} bytes")
            at, size = member.offset_data, member.size

            def read(at: int = at, size: int = size) -> bytes:
                content = part(at, size)
                if len(content) < size:
                    raise BadPictureError("the archive ends in the middle of it")
                return content

            listing.offer(inside, read, lambda at=at, size=size: part(at, min(size, SNIFFED)))  # type: ignore[misc]
    return listing


def _plain_tar(path: Path, name: str) -> BinaryIO:
    file = path.open("rb")
    if file.read(6).startswith(COMPRESSED):
        plain = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as pictures are read from it
        for at, block in enumerate(_unpacked(file)):
            if at * STEP > UNPACKED:
                raise _refused(name, name, "too large once unpacked; it may be a bomb", f"more than {UNPACKED:,} bytes")
            plain.write(block)
        file.close()
        plain.seek(0)
        return plain
    file.seek(0)
    return file


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    import bz2
    import gzip
    import lzma

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


def _inside(name: str, member: str) -> str:
    """A member's path, which may not lead out of the archive."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")) or "\0" in member:
        raise _refused(name, member, "a path that leads out of the archive", repr(member))
    return path.as_posix()


def _refused(name: str, entry: str, what: str, found: str) -> ReadError:
    return ReadError(
        f"The entry '{entry}' is {what}, and is refused",
        where=name,
        found=found,
        fix="Remove it from the data, or put the picture itself there.",
    )
