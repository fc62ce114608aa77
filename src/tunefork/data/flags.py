"""Several label columns, each of which says of every row whether it has that label."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tunefork.data.gaps import labelled_rows, unlabelled
from tunefork.data.row_labels import Labelled, LabelSets
from tunefork.data.table import Table, count
from tunefork.errors import LabelError

_WORDS = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}


def flag(value: Any) -> bool | None:
    """What a cell says: 0 or 1 as a number or text, true or false, yes or no; None where it says something else.

    >>> flag(1), flag("0.0"), flag("Yes"), flag(2), flag("maybe")
    (True, False, True, None, None)
    """
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    if isinstance(value, bool | int | float | Decimal) and value in (0, 1):
        return bool(value)
    return None


def all_flags(values: Sequence[Any]) -> bool:
    """Whether a column could be one of several label columns; empty cells do not count."""
    cells = [value for value in values if not unlabelled(value)]
    return bool(cells) and all(flag(value) is not None for value in cells)


def read_flags(table: Table, columns: Sequence[str], *, drop_missing: bool) -> Labelled:
    """The labels that each row has: the columns that say so, in their order.

    Raises:
        LabelError: a cell that is empty, or says neither 0 nor 1.
    """
    values = [table.values[column] for column in columns]
    gaps = [row for row, cells in enumerate(zip(*values)) if any(map(unlabelled, cells))]
    without = [column for column, cells in zip(columns, values) if any(map(unlabelled, cells))]
    rows, notices = labelled_rows(table, without, gaps, drop_missing=drop_missing)
    said = {column: _column(table, column, rows) for column in columns}
    sets = [tuple(column for column in columns if said[column][place]) for place in range(len(rows))]
    return Labelled(LabelSets(sets), rows, notices)


def _column(table: Table, column: str, rows: Sequence[int]) -> list[bool]:
    cells = [flag(table.values[column][row]) for row in rows]
    strange = [row for row, cell in zip(rows, cells) if cell is None]
    if strange:
        verb = "says" if len(strange) == 1 else "say"
        raise LabelError(
            f"{count(len(strange), 'row')} {verb} neither 0 nor 1 in the label column '{column}'",
            where=f"{table.places(strange)}, column '{column}'",
            found=repr(table.values[column][strange[0]]),
            fix="Where there are several label columns, write 0 or 1, true or false, yes or no in each.",
        )
    return [bool(cell) for cell in cells]
