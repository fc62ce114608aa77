"""Parquet files and DataFrames: columns that have types."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tunefork.data.images.pictures import SNIFFED, looks_like_a_picture
from tunefork.data.table import Table, clean_names, make_table, missing, printable
from tunefork.errors import ReadError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 1000
LARGEST_INTEGER = 10**DIGITS
"""Python does not write down integers of more than 4,300 digits; none that is meant is as large."""
DEEPEST = 4
"""Lists inside lists that are looked into."""
UNPACKED, RATIO = 2**30, 1000
"""Bytes that a file may have once unpacked, or times its own size: runs of equal values take nearly no room in it."""
STEP = 4096
"""Rows read at a time."""
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(data: bytes, name: str) -> Table:
    """A table from the bytes of a Parquet file. Binary columns that hold UTF-8 are texts.

    Raises:
        ReadError: not a Parquet file, truncated, or a column whose bytes are not what its type says.
    """
    import pyarrow.parquet

    try:
        table = _unpacked(pyarrow.parquet.ParquetFile(io.BytesIO(data)), max(UNPACKED, RATIO * len(data)), name)
    except ReadError:
        raise
    except Exception as error:  # pyarrow has no common base for what a damaged file can raise
        raise ReadError(
            "The file is not Parquet, or is damaged", where=name, found=first_line(error), fix="Write or copy it again."
        ) from None
    return arrow_table(table, name)


def _unpacked(file: Any, most: int, name: str) -> Any:
    """The whole table, read in steps so that a bomb is noticed before it fills the memory."""
    import pyarrow

    chunks = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    told = max(sum(chunk.total_byte_size for chunk in chunks), file.metadata.num_rows * file.metadata.num_columns)
    parts, size = [], 0
    for part in file.iter_batches(STEP) if told <= most else ():
        columns = [_plain_array(column) for column in part.columns]
        parts.append(pyarrow.Table.from_arrays(columns, part.schema.names))
        size += parts[-1].nbytes
        if size > most:
            break
    if max(told, size) > most:
        raise ReadError(
            "The file is too large once unpacked; it may be a bomb",
            where=name,
            found=f"more than {most:,} bytes",
            fix="Write it again in parts, or leave out the columns that are not needed.",
        )
    return pyarrow.concat_tables(parts) if parts else file.schema_arrow.empty_table()


def _plain_array(column: Any) -> Any:
    """With every value written out where the file has numbers of values: what it will take in memory."""
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def arrow_table(table: Any, name: str, notices: tuple[str, ...] = ()) -> Table:
    """A table from a pyarrow.Table."""
    kept = [place for place, column in enumerate(table.column_names) if not _PANDAS_INDEX.fullmatch(column)]
    header = [table.column_names[place] for place in kept]
    columns = [_arrow_column(table.column(place), f"{name} column {table.column_names[place]}") for place in kept]
    return make_table(name, header, columns, table.num_rows, notices=notices)


def _arrow_column(column: Any, where: str) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except Exception as error:
        raise ReadError(
            "The column cannot be read", where=where, found=first_line(error), fix="Write the file again."
        ) from None
    return [None if missing(value) else _utf8(value) for value in values]


def _utf8(value: Any) -> Any:
    """Older writers store texts as bytes; pictures and what is not UTF-8 stay bytes."""
    if isinstance(value, bytes) and not looks_like_a_picture(value[:SNIFFED]):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value


def read_frame(frame: pd.DataFrame, name: str = "DataFrame") -> Table:
    """A table from a pandas DataFrame. Ids are its index where that is unique, else row numbers from 0.

    Raises:
        ReadError: no rows, no columns, two columns of one name, or a number without end.
    """
    header = clean_names([_flat(column) for column in frame.columns])
    columns = [_frame_column(frame.iloc[:, place], column, name) for place, column in enumerate(header)]
    numbers: Sequence[Any] = [_flat(label) for label in frame.index.tolist()]
    labels = [printable(str(label)) for label in numbers]
    ids = tuple(labels) if len(set(labels)) == len(labels) else ()
    return make_table(name, header, columns, len(frame), numbers=numbers, unit="index", ids=ids)


def _flat(label: Any) -> Any:
    return "_".join(str(part) for part in label) if isinstance(label, tuple) else label


def _frame_column(series: pd.Series[Any], column: str, name: str) -> list[Any]:
    values = [None if missing(value) else value for value in map(_plain, series.tolist())]
    endless = next((row for row, value in enumerate(values) if _endless(value)), None)
    if endless is not None:
        raise ReadError(
            f"A number in column '{column}' has more than {DIGITS:,} digits",
            where=f"{name} index {_flat(series.index[endless])}",
            fix="Correct it, or write it as text.",
        )
    return values


def _plain(value: Any) -> Any:
    """NumPy scalars, which object columns keep, as Python's own; a signalling NaN, which raises where it is compared,
    as missing."""
    import numpy as np

    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, Decimal) and value.is_nan() else value


def _endless(value: Any, depth: int = 0) -> bool:
    """Whether a cell holds a number that Python cannot write down; a decimal of a few characters may have a billion
    digits as an integer."""
    if type(value) in (str, float):  # nearly all of them
        return False
    if isinstance(value, int):
        return bool(abs(value) >= LARGEST_INTEGER)
    if isinstance(value, Decimal):
        return bool(value.is_finite() and value.adjusted() >= DIGITS)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if not isinstance(value, list | tuple | set | frozenset) or depth == DEEPEST:
        return False
    return any(_endless(item, depth + 1) for item in value)


def first_line(error: Exception) -> str:
    """The first line of another library's message, or the error's kind where it has none."""
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
