"""Bytes → text, naming file, line and byte where that fails."""

from __future__ import annotations

import codecs
import re

from tunefork.errors import ReadError

UTF8_BOM = codecs.BOM_UTF8
# The UTF-32 marks stand first because UTF-32-LE's begins with UTF-16-LE's.
WIDE_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

NOT_FOR_FILES = ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined")
"""Python's codecs for names and source code; some warn or fail in ways of their own."""


def decode(data: bytes, name: str, encoding: str = "utf-8") -> tuple[str, tuple[str, ...]]:
    """The text of a file without its byte order mark, and notices.

    >>> decode(b"\\xef\\xbb\\xbftext", "a.csv")
    ('text', ())

    Raises:
        ReadError: an unknown encoding, bytes that are not in it, another encoding's mark, a NUL byte.
    """
    codec = _codec(encoding, name)
    notices: tuple[str, ...] = ()
    if data.startswith(UTF8_BOM):
        if codec not in ("utf-8", "utf-8-sig"):
            notices = (f"{name} begins with a UTF-8 byte order mark and is read as UTF-8, not as {encoding}.",)
        data, codec, shift = data[len(UTF8_BOM) :], "utf-8", len(UTF8_BOM)
    else:
        shift = 0
        _refuse_wide_mark(data, name, codec, encoding)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise _not_in_encoding(data, name, encoding, error, shift) from None
    except (UnicodeError, LookupError, ValueError) as error:
        raise ReadError(f"The file is not {encoding} text", where=name, found=str(error), fix=_HINT) from None
    if (place := text.find("\0")) >= 0:
        offset = shift + len(text[:place].encode(codec, "replace"))
        raise ReadError(
            "The file has a NUL byte",
            where=f"{name} line {line_of(text, place)}, byte offset {offset}",
            fix="Remove it. If the file is UTF-16 without a byte order mark, set encoding: utf-16-le.",
        )
    return text.removeprefix("\ufeff"), notices


_HINT = "Save it as UTF-8, or name its encoding, such as encoding: cp1252 or encoding: latin-1."


def line_of(text: str, place: int) -> int:
    """The line, from 1, of a character.

    >>> line_of("a\\r\\nb", 3)
    2
    """
    return len(re.findall(r"\r\n|\r|\n", text[:place])) + 1


def _codec(encoding: str, name: str) -> str:
    try:
        found = codecs.lookup(encoding)
        " ".encode(encoding)  # refuses codecs that are not for text, such as hex
        if found.name in NOT_FOR_FILES:
            raise LookupError
    except (LookupError, ValueError):
        raise ReadError(
            f"There is no text encoding '{encoding}'",
            where=name,
            fix="Set encoding: to one that Python knows, such as utf-8, utf-16, cp1252 or latin-1.",
        ) from None
    return found.name


def _refuse_wide_mark(data: bytes, name: str, codec: str, encoding: str) -> None:
    for mark, wide in WIDE_BOMS:
        if data.startswith(mark):
            if codec.startswith(("utf-16", "utf-32")):
                return
            raise ReadError(
                f"The file begins with the byte order mark of {wide.upper()} but is read as {encoding}",
                where=f"{name} line 1, byte offset 0",
                found=f"bytes {mark.hex(' ')}",
                fix=f"Set encoding: {wide}.",
            )


def _not_in_encoding(data: bytes, name: str, encoding: str, error: UnicodeDecodeError, shift: int) -> ReadError:
    line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
    return ReadError(
        f"The file is not {encoding} text",
        where=f"{name} line {line}, byte offset {shift + error.start}",
        found=f"byte {data[error.start : error.start + 1].hex()} ({error.reason})",
        fix=_HINT,
    )
