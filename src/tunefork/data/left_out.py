"""Rows that were left out because nothing can be trained on them: messages name the first, ``Splits`` has all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunefork.data.table import SHOWN, Table

FILE = "left_out.csv"
"""What a study's folder lists them in."""


@dataclass(frozen=True)
class LeftOut:
    """One row."""

    split: str
    """Of which source it was: train, validation or test. Rows that are held out come from train."""
    row: str
    """Where it is, for people: file and line, row, index or picture."""
    name: str
    """Of its picture, else its id; empty where rows have neither."""
    reason: str
    """``no label``, ``empty text``, ``empty image``, or what is wrong with its picture."""


def list_left_out(
    table: Table, image: str, ids: Sequence[str], reasons: Mapping[int, str], split: str
) -> tuple[LeftOut, ...]:
    """The rows of a table that have a reason, in its order.

    Args:
        table: as read.
        image: its column with pictures; empty where there is none.
        ids: [N] of its rows; none where rows are numbered.
        reasons: by row.
        split: which source the table is.
    """
    return tuple(
        LeftOut(split, table.place(row), _name(table, image, ids, row), reason)
        for row, reason in sorted(reasons.items())
    )


def _name(table: Table, image: str, ids: Sequence[str], row: int) -> str:
    own = table.values[image][row] if image else None
    if isinstance(own, dict):
        own = own.get("path")
    name = own if isinstance(own, str) else getattr(own, "name", "")
    return (name if isinstance(name, str) else "") or (ids[row] if ids else "")


def where_all_are(number: int) -> str:
    """What a notice adds that does not name all of so many rows."""
    return f"; all are in {FILE} of the study's folder" if number > SHOWN else ""
