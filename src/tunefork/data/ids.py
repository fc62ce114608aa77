"""What each row is called, and which rows belong together."""

from __future__ import annotations

from collections import Counter

from tunefork.data.table import Table, count, either, missing, printable
from tunefork.errors import DataError


def read_ids(table: Table, column: str) -> list[str]:
    """One id per row of the table: the column's values, or row numbers where ``column`` is empty.

    Raises:
        DataError: ids that are missing or repeat.
    """
    if not column:
        return list(table.ids)
    values = table.values[column]
    gaps = [row for row, value in enumerate(values) if missing(value) or not str(value).strip()]
    if gaps:
        raise DataError(
            f"{count(len(gaps), 'row')} without an id in column '{column}'",
            where=table.places(gaps),
            fix="Fill them in, or leave the id column out: rows are then numbered.",
        )
    ids = [printable(str(value).strip()) for value in values]
    repeated = [identity for identity, number in Counter(ids).items() if number > 1]
    if repeated:
        rows = [row for row, identity in enumerate(ids) if identity == repeated[0]]
        raise DataError(
            f"The id '{repeated[0]}' stands in {len(rows)} rows of column '{column}'",
            where=table.places(rows),
            found=f"{count(len(repeated), 'id')} that repeat{'s' if len(repeated) == 1 else ''}",
            fix="Make the ids unique, or leave the id column out: rows are then numbered.",
        )
    return ids


def read_groups(table: Table, column: str) -> tuple[list[str | None], tuple[str, ...]]:
    """One group per row of the table, None where it has none; and a notice of empty cells."""
    if not column:
        return [None] * len(table), ()
    groups = [None if missing(v) or not str(v).strip() else str(v).strip() for v in table.values[column]]
    gaps = groups.count(None)
    own = either(gaps, "it is", "each is")
    notice = f"{count(gaps, 'row')} of {table.name} without a {column}: {own} a group of its own."
    return groups, (notice,) if gaps else ()
