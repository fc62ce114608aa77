"""Files, DataFrames and hub data sets → rows.

Files are never trusted: whatever is in one, it gives a table or an error that names the place.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.data.columnar import read_frame, read_parquet
from tunefork.data.decoding import decode
from tunefork.data.delimited import read_delimited
from tunefork.data.hub import PREFIX, read_hub
from tunefork.data.images.class_folders import holds_pictures, picture_splits
from tunefork.data.jsonl import read_jsonl
from tunefork.data.table import Table, shorten
from tunefork.errors import ReadError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
PACKED = (
    (b"PK\x03\x04", "a damaged zip archive, or an Excel workbook"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"BZh9", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
)
PARQUET = b"PAR1"


def read_rows(source: str | Path | pd.DataFrame, encoding: str = "utf-8", *, base: Path | None = None) -> Table:
    """Read a CSV, TSV, JSONL or Parquet file, a DataFrame, ``hub:NAME[@config][#split]``, or class folders of pictures.

    Args:
        source: what to read; the format follows from the suffix, and from the content where the suffix says nothing.
        encoding: of text files. A UTF-8 byte order mark is always understood.
        base: the folder that a relative path starts from; the working directory unless given.

    Raises:
        ReadError: naming the file, and the line and byte where there is one.
        MissingExtraError: ``hub:`` without the package ``datasets``.

    >>> read_rows("reviews.csv").place(0)  # doctest: +SKIP
    'reviews.csv line 2'
    """
    if not isinstance(source, str | Path):
        return _from_object(source)
    if isinstance(source, str) and source.startswith(PREFIX):
        return read_hub(source, base)
    name = str(source)
    if holds_pictures(name, base):
        return picture_splits(name, base).pick("train")
    return replace(_read_file(source, name, encoding, base), folder=((base or Path()) / Path(name).expanduser()).parent)


def _read_file(source: str | Path, name: str, encoding: str, base: Path | None) -> Table:
    data = _bytes(source, name, base)
    if not data.strip():
        raise ReadError("The file is empty", where=name, fix="Give a file with a header and rows.")
    kind = _kind(data, name)
    if kind == "parquet":
        return read_parquet(data, name)
    text, notices = decode(data, name, encoding)
    if kind is None:
        kind = _sniff(text)
        notices += (f"{name} is read as {kind.upper()}, by its content.",)
    if kind == "jsonl":
        return read_jsonl(text, name, notices)
    return read_delimited(text, name, tabs=kind == "tsv", notices=notices)


def _from_object(source: object) -> Table:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return read_frame(source)
    raise ReadError(
        "This is not a source of rows",
        where=type(source).__name__,
        fix="Give a path, a pandas DataFrame, or hub:NAME.",
    )


def _bytes(source: str | Path, name: str, base: Path | None) -> bytes:
    if not name or "\0" in name:
        raise ReadError("The path is empty or has a NUL character", where=repr(name), fix="Give the path of a file.")
    try:
        path = (base or Path()) / Path(source).expanduser()
        if path.is_dir():
            raise ReadError(
                "This is a folder, not a file of rows",
                where=name,
                found=shorten(sorted(entry.name for entry in path.iterdir())) or "an empty folder",
                fix="Name one of its files, or write hub: before it for a data set in the hub's format.",
            )
        if not path.exists():
            raise _no_such_file(path, name)
        if not path.is_file():
            raise ReadError("This is not a regular file", where=name, fix="Copy the rows into a file.")
        return path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReadError(
            "The file cannot be read", where=name, found=reason, fix="Check the path and its rights."
        ) from None


def _no_such_file(path: Path, name: str) -> ReadError:
    folder = path.parent
    if not folder.is_dir():
        return ReadError("There is no such file", where=name, found=f"no folder {folder}", fix="Check the path.")
    files = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in FORMATS)
    fix = did_you_mean(path.name, files) if files else "Check the path."
    return ReadError("There is no such file", where=name, fix=fix)


def _kind(data: bytes, name: str) -> str | None:
    if data.startswith(PARQUET):
        return "parquet"
    for magic, words in PACKED:
        if data.startswith(magic):
            raise ReadError(
                f"The file is {words}",
                where=name,
                fix="Unpack it, or save it as CSV (UTF-8) or Parquet, and name that file.",
            )
    return FORMATS.get(Path(name).suffix.lower())


def _sniff(text: str) -> str:
    first = text.lstrip().split("\n", 1)[0]
    if first.startswith("{") or "".join(text[:100].split()).startswith("[{"):
        return "jsonl"
    return "tsv" if first.count("\t") > first.count(",") else "csv"
