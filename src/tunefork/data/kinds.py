"""Values of two kinds that would become one label, such as 1 and "1"; and one number that would become two labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from tunefork.data.table import Table, quoted, shorten
from tunefork.errors import LabelError

DIGITS = 1000
"""Characters up to which a text is looked at as a number."""
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)")


class Kinds:
    """Remembers of which kind, and where first, the value of each name was.

    Args:
        table: as read.
        column: the labels'.
        noun: what a name is called: class or label.
    """

    def __init__(self, table: Table, column: str, noun: str) -> None:
        self._table, self._column, self._noun = table, column, noun
        self._first: dict[str, tuple[str, Any, int]] = {}
        self._equal: dict[Any, tuple[str, str, Any, int]] = {}

    def see(self, name: str, kind: str, value: Any, row: int) -> None:
        """A value of row ``row`` that becomes ``name``.

        Raises:
            LabelError: a value of another kind became that name before; or true and 1, or false and 0, which many
                programs take for the same, become two names.
        """
        if kind != "text":
            self._see_number(name, kind, value, row)
        other, before, first = self._first.setdefault(name, (kind, value, row))
        if other != kind:
            raise LabelError(
                f"Labels of different kinds would become one {self._noun} '{name}'",
                where=f"{self._table.places([first, row])}, column '{self._column}'",
                found=f"the {other} {before!r} and the {kind} {value!r}",
                fix="Write the labels all as text or all as numbers.",
            )

    def _see_number(self, name: str, kind: str, value: Any, row: int) -> None:
        other, twin, before, first = self._equal.setdefault(value, (kind, name, value, row))
        if other != kind:
            raise LabelError(
                f"Labels of different kinds that are equal would become two, '{twin}' and '{name}'",
                where=f"{self._table.places([first, row])}, column '{self._column}'",
                found=f"the {other} {str(before).lower()} and the {kind} {str(value).lower()}",
                fix="Write the labels all as true and false, or all as numbers.",
            )


def same_numbers(
    table: Table, column: str, labels: Iterable[tuple[int, str]], classes: Collection[str] = ()
) -> tuple[str, ...]:
    """A warning of whole numbers that are written in two ways, such as 01 and 1, which codes may be meant to be.

    Args:
        table: as read.
        column: the labels'.
        labels: the table's row of each label, and its name.
        classes: as configured. Names that it lists are meant.

    Raises:
        LabelError: one of the ways has decimals, such as 1.0 beside 1.
    """
    first: dict[str, int] = {}
    for row, name in labels:
        first.setdefault(name, row)
    ways: dict[Decimal, list[str]] = {}
    for name in first:
        if len(name) < DIGITS and _NUMBER.fullmatch(name):
            ways.setdefault(Decimal(name), []).append(name)
    doubles = [names for names in ways.values() if len(names) > 1 and not set(names) <= set(classes)]
    for names in doubles:
        if any("." in name for name in names):
            raise LabelError(
                "One number would become several labels",
                where=f"{table.places([first[name] for name in names])}, column '{column}'",
                found=" and ".join(quoted(names)),
                fix="Write each number in one way, or list all labels in classes: if these are meant to be several.",
            )
    if not doubles:
        return ()
    rows = sorted(first[name] for names in doubles for name in names)
    return (
        f"Labels in column '{column}' are the same number and count as several: "
        f"{shorten([' and '.join(quoted(names)) for names in doubles])} ({table.places(rows)}). Write each in one way, "
        "or list all labels in classes:, and this is not said.",
    )
