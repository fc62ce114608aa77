"""JSON Lines: one JSON object per line."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from tunefork.data.table import Table, make_table, missing
from tunefork.errors import ReadError

_FIX = "Write one JSON object per line; pandas does it with to_json(path, orient='records', lines=True)."
CELLS, SPARSE = 10_000_000, 100
"""Cells that a table may have, or times as many as it is given: where every line has keys of its own, a file of a
megabyte would fill the memory with missing values."""


def read_jsonl(text: str, name: str, notices: tuple[str, ...] = ()) -> Table:
    """A table from the text of a JSONL file. Keys that an object lacks are missing values.

    Raises:
        ReadError: an empty file, JSON in an array or over several lines, or the line that is not one JSON object.
    """
    _refuse_whole(text, name)
    columns: dict[str, list[Any]] = {}
    lines: list[int] = []
    given = 0
    # splitlines() would also split at U+2028 and its like, which JSON allows inside a text.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record = _record(line, f"{name} line {number}")
        for key, value in record:
            column = columns.setdefault(key, [])
            if len(column) > len(lines):
                raise ReadError(f"The key '{key}' stands twice in one object", where=f"{name} line {number}", fix=_FIX)
            column.extend([None] * (len(lines) - len(column)))
            column.append(None if missing(value) else value)
        lines.append(number)
        given += len(record)
        if len(columns) * len(lines) > max(CELLS, SPARSE * given):
            raise ReadError(
                "The objects have hardly a key in common",
                where=f"{name} line {number}",
                found=f"{len(columns):,} keys in {len(lines):,} lines",
                fix="Give every line the same keys, such as text and label.",
            )
    if not lines:
        raise ReadError("The file is empty", where=name, fix=_FIX)
    for column in columns.values():
        column.extend([None] * (len(lines) - len(column)))
    return make_table(name, list(columns), columns.values(), len(lines), numbers=lines, unit="line", notices=notices)


def _refuse_whole(text: str, name: str) -> None:
    """Refuse a file that is one JSON value. Lines that are arrays, one by one, are told as lines."""
    first, _, rest = text.strip().partition("\n")
    if first.startswith("["):
        whole = not _parses(first) if rest else first.endswith("]")
        what = "This is a JSON array"
    else:
        whole, what = first.rstrip() == "{", "This is a JSON object over several lines"
    if whole:
        path = PurePath(name)
        out = path.with_suffix(".jsonl") if path.suffix.lower() != ".jsonl" else path.with_suffix(".lines.jsonl")
        raise ReadError(
            f"{what}; tunefork reads JSONL, one object per line",
            where=name,
            found=repr(text.strip()[:40]),
            fix=f'pandas converts it: pandas.read_json("{name}").to_json("{out}", orient="records", lines=True).',
        )


def _parses(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


class _Pairs(list[tuple[str, Any]]):
    """An object's keys and values in order, so that a repeated key is seen."""


def _record(line: str, where: str) -> _Pairs:
    try:
        value = json.loads(line, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise ReadError(
            f"The line is not JSON: {error.msg}",
            where=f"{where}, character {error.colno}",
            found=repr(line[:80]),
            fix=_FIX,
        ) from None
    except (ValueError, RecursionError) as error:
        raise ReadError(f"The line is not JSON that can be read: {error}", where=where, fix=_FIX) from None
    if not isinstance(value, _Pairs):
        kind = {"list": "an array", "str": "a text", "NoneType": "null", "bool": "true or false"}
        found = kind.get(type(value).__name__, "a number")
        raise ReadError("The line is not a JSON object", where=where, found=found, fix=_FIX)
    return value
