"""CSV and TSV, read with Python's csv module: every cell stays the text that it is in the file."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from tunefork.data.table import Table, make_table
from tunefork.errors import ReadError

LARGEST_CELL = 1 << 27
"""Characters; csv's own limit of 131,072 is shorter than some documents."""


@dataclass(frozen=True)
class _Records:
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    """The line on which each row begins."""


def read_delimited(text: str, name: str, *, tabs: bool, notices: tuple[str, ...] = ()) -> Table:
    """A table from the text of a CSV (``tabs=False``) or TSV file with a header.

    Raises:
        ReadError: an empty file, a ragged row, or a quote that is never closed, with the line.
    """
    if not text.strip():
        raise ReadError("The file is empty", where=name, fix="Give a file with a header and rows.")
    if tabs:
        records, more = _tsv(text, name)
    else:
        delimiter, more = _delimiter(text, name)
        records = _parse(text, name, delimiter, quoted=True)
    columns = list(zip(*records.rows)) if records.rows else [() for _ in records.header]
    return make_table(
        name,
        records.header,
        columns,
        len(records.rows),
        numbers=records.lines,
        unit="line",
        notices=notices + more,
    )


def _delimiter(text: str, name: str) -> tuple[str, tuple[str, ...]]:
    first = text.lstrip("\r\n").splitlines()[0]
    if "," not in first:
        for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if sign in first:
                return sign, (f"{name} has no comma in its header and is read with {word} between the columns.",)
    return ",", ()


def _tsv(text: str, name: str) -> tuple[_Records, tuple[str, ...]]:
    """Many TSV files (GLUE's, for one) use quotes as ordinary characters; others quote as CSV does.

    A file is read as quoted where that is consistent and loses no line: a stray quote that swallows lines up to the
    next one gives fewer rows than the file has lines, while each line by itself has the right number of columns.
    """
    plain = quoted = problem = None
    try:
        quoted = _parse(text, name, "\t", quoted=True)
    except ReadError as error:
        problem = error
    try:
        plain = _parse(text, name, "\t", quoted=False)
    except ReadError as error:
        problem = error
    if quoted and (plain is None or len(quoted.rows) == len(plain.rows)):
        return quoted, ()
    if plain:
        return plain, (f'Quotes (") in {name} are read as ordinary characters.',)
    assert problem is not None
    raise problem


def _parse(text: str, name: str, delimiter: str, *, quoted: bool) -> _Records:
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, row in _rows(text, name, delimiter, quoted=quoted):
        if not row:
            continue  # a blank line
        if header is None:
            header = row
        elif len(row) == len(header):
            rows.append(row)
            lines.append(line)
        else:
            raise ReadError(
                f"The row has {len(row)} fields but the header has {len(header)}",
                where=f"{name} line {line}",
                found=f"{' | '.join(row)[:80]!r}",
                fix="Put quotes around texts that contain the separator or a line break, or add what is missing.",
            )
    if header is None:
        raise ReadError("The file is empty", where=name, fix="Give a file with a header and rows.")
    return _Records(header, rows, lines)


def _rows(text: str, name: str, delimiter: str, *, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    lines = io.StringIO(text, newline="")
    if quoted:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    line = 0
    with _large_cells():
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise ReadError(
                    f"The row cannot be read: {_in_words(error)}",
                    where=f"{name} line {line}",
                    fix='Inside a quoted text, write a quote twice (""), and close every quoted text.',
                ) from None
            yield line, row


def _in_words(error: csv.Error) -> str:
    return "a quoted text that begins here is never closed" if "unexpected end" in str(error) else str(error)


@contextlib.contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(LARGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
