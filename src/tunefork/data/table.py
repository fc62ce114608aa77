"""A table as read: columns of plain Python values, and where each row came from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.errors import ReadError

SHOWN = 5
"""Rows that a message names before it counts the rest."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one source. Missing values are None, column names are distinct and stripped."""

    name: str
    """The source as the user wrote it."""
    values: Mapping[str, Sequence[Any]]
    """Column name → one value per row."""
    numbers: Sequence[Any]
    """Per row, what tells a person where it is: its line in a text file, its number from 1, or its DataFrame index."""
    unit: str = "row"
    """What ``numbers`` count: line, row or index."""
    ids: tuple[str, ...] = ()
    """Ids for data without an id column."""
    notices: tuple[str, ...] = ()
    folder: Path = Path()
    """Where the source lies: paths in its cells start from there."""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def columns(self) -> list[str]:
        """The column names, in the order of the source."""
        return list(self.values)

    def place(self, row: int) -> str:
        """Where row ``row`` (from 0) is, for people: ``reviews.csv line 17``."""
        return f"{self.name} {self.unit} {self.numbers[row]}"

    def places(self, rows: Sequence[int]) -> str:
        """Where several rows are: ``reviews.csv lines 17, 19 and 3 more``."""
        if len(rows) == 1:
            return self.place(rows[0])
        plural = {"index": "indices"}.get(self.unit, self.unit + "s")
        return f"{self.name} {plural} {shorten([str(self.numbers[row]) for row in rows])}"


def make_table(
    name: str,
    header: Sequence[Any],
    columns: Iterable[Sequence[Any]],
    rows: int,
    *,
    numbers: Sequence[Any] | None = None,
    unit: str = "row",
    ids: tuple[str, ...] = (),
    notices: tuple[str, ...] = (),
) -> Table:
    """Check the names and put a table together; ids are row numbers from 0 unless given.

    Raises:
        ReadError: no columns, no rows, or two columns of one name.
    """
    names = clean_names(header)
    if not names:
        raise ReadError("There are no columns", where=name, fix="Give a column of texts and a column of labels.")
    double = next((name for name, number in Counter(names).items() if number > 1), None)
    if double is not None:
        raise ReadError(
            f"The column name '{double}' stands twice in the header",
            where=name,
            found=f"columns {shorten(names, 12)}",
            fix="Rename one of them.",
        )
    if rows == 0:
        raise ReadError("There are no rows", where=name, found=f"columns {shorten(names, 12)}", fix="Add rows of data.")
    if numbers is None:
        numbers = range(1, rows + 1)
    return Table(
        name=name,
        values=dict(zip(names, columns)),
        numbers=numbers,
        unit=unit,
        ids=ids or tuple(str(row) for row in range(rows)),
        notices=notices,
    )


def clean_names(header: Sequence[Any]) -> list[str]:
    """Column names without byte order mark and outer blanks; a nameless column is called as pandas calls it.

    >>> clean_names(["", " text ", 3])
    ['Unnamed: 0', 'text', '3']
    """
    names = [printable(str(name)).removeprefix("\ufeff").strip() for name in header]
    return [name or f"Unnamed: {place}" for place, name in enumerate(names)]


def printable(text: str) -> str:
    r"""The text with lone surrogates, which no file can hold, written as ``\udc80``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, NaT or pandas.NA."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return type(value).__name__ in ("NAType", "NaTType")


def shorten(items: Sequence[str], limit: int = SHOWN) -> str:
    """The first items and how many are left.

    >>> shorten(["1", "2", "3"], 2)
    '1, 2 and 1 more'
    """
    more = f" and {len(items) - limit:,} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def quoted(names: Sequence[str]) -> list[str]:
    """Each name in quotes."""
    return [f"'{name}'" for name in names]


def count(number: int, noun: str) -> str:
    """A number and its noun in the right form.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def either(number: int, one: str, many: str) -> str:
    """What is said of one, or of several.

    >>> either(1, "is", "are"), either(2, "is", "are")
    ('is', 'are')
    """
    return one if number == 1 else many
