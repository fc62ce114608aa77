"""Rows without a label: an error, or left out and said so."""

from __future__ import annotations

from collections.abc import Sequence

from tunefork.data.table import Table, count, quoted, shorten
from tunefork.errors import LabelError


def labelled_rows(
    table: Table, columns: Sequence[str], gaps: Sequence[int], *, drop_missing: bool
) -> tuple[list[int], tuple[str, ...]]:
    """The rows that are not among ``gaps``, and a notice of those that are.

    Args:
        table: as read.
        columns: where a label was looked for.
        gaps: the rows where none is, ascending.
        drop_missing: whether such rows are left out.

    Raises:
        LabelError: there are gaps and they are not to be left out.
    """
    if not gaps:
        return list(range(len(table))), ()
    if not drop_missing:
        raise LabelError(
            f"{count(len(gaps), 'row')} {'has' if len(gaps) == 1 else 'have'} no label in {named(columns)}",
            where=table.places(gaps),
            found=f"{len(table) - len(gaps):,} labels in {len(table):,} rows",
            fix="Fill them in, or leave these rows out with --drop-missing (drop_missing: true).",
            past={"drop_missing": len(gaps) < len(table)},
        )
    absent = set(gaps)
    notice = f"{count(len(gaps), 'row')} without a label left out ({table.places(gaps)})."
    return [row for row in range(len(table)) if row not in absent], (notice,)


def named(columns: Sequence[str]) -> str:
    """Columns for a message.

    >>> named(["stars"]), named(["toxic", "threat"])
    ("column 'stars'", "columns 'toxic', 'threat'")
    """
    return f"column{'' if len(columns) == 1 else 's'} {shorten(quoted(columns), 12)}"
