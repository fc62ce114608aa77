"""Values of two kinds that would become one label, such as 1 and "1"."""

from __future__ import annotations

from typing import Any

from tunefork.data.table import Table
from tunefork.errors import LabelError


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

    def see(self, name: str, kind: str, value: Any, row: int) -> None:
        """A value of row ``row`` that becomes ``name``.

        Raises:
            LabelError: a value of another kind became that name before.
        """
        other, before, first = self._first.setdefault(name, (kind, value, row))
        if other != kind:
            raise LabelError(
                f"Labels of different kinds would become one {self._noun} '{name}'",
                where=f"{self._table.places([first, row])}, column '{self._column}'",
                found=f"the {other} {before!r} and the {kind} {value!r}",
                fix="Write the labels all as text or all as numbers.",
            )
