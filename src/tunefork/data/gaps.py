"""Rows without a label: an error, or left out and said so; and labels that read as if there were none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tunefork.data.blanks import blank
from tunefork.data.left_out import where_all_are
from tunefork.data.table import Table, count, missing, quoted, shorten
from tunefork.errors import LabelError

NAN = "nan"
"""What pandas and NumPy write for a missing value, in lower case."""
LIKE_MISSING = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "<NA>", "NaT")
"""What programs write for a missing value too, and people for a class: ``none`` is one of stance, ``NA`` a country."""


def says_nan(value: Any) -> bool:
    """Whether a cell is a text by which a missing value was written down.

    >>> says_nan(" NaN"), says_nan("nancy"), says_nan(float("nan"))
    (True, False, False)
    """
    return isinstance(value, str) and value.strip().lower() == NAN


def unlabelled(value: Any, classes: Collection[str] = ()) -> bool:
    """Whether a cell has no label: it is missing, empty, or says ``nan`` (a label only where ``classes`` lists it).

    >>> unlabelled(None), unlabelled(" "), unlabelled("NaN"), unlabelled("nan", ["nan"])
    (True, True, True, False)
    """
    if isinstance(value, str):
        return blank(value) or (says_nan(value) and value.strip() not in classes)
    return missing(value)


def labelled_rows(
    table: Table, columns: Sequence[str], gaps: Sequence[int], *, drop_missing: bool, names: bool = False
) -> tuple[list[int], tuple[str, ...]]:
    """The rows that are not among ``gaps``, and a notice of those that are.

    Args:
        table: as read.
        columns: where a label was looked for.
        gaps: the rows where none is, ascending.
        drop_missing: whether such rows are left out.
        names: whether labels are names, so that ``nan`` may be one.

    Raises:
        LabelError: there are gaps and they are not to be left out.
    """
    if not gaps:
        return list(range(len(table))), ()
    written = _written_nan(table, columns, gaps) if names else []
    if not drop_missing:
        fix = f" If '{written[0]}' is a class, list it with all others in classes:." if written else ""
        raise LabelError(
            f"{count(len(gaps), 'row')} {'has' if len(gaps) == 1 else 'have'} no label in {named(columns)}",
            where=table.places(gaps),
            found=f"{len(table) - len(gaps):,} labels in {len(table):,} rows{_saying(written)}",
            fix=f"Fill them in, or leave these rows out with --drop-missing (drop_missing: true).{fix}",
            past={"drop_missing": len(gaps) < len(table)},
        )
    absent = set(gaps)
    where = f"({table.places(gaps)}){_saying(written)}{where_all_are(len(gaps))}"
    notice = f"{count(len(gaps), 'row')} without a label left out {where}."
    return [row for row in range(len(table)) if row not in absent], (notice,)


def _written_nan(table: Table, columns: Sequence[str], gaps: Sequence[int]) -> list[str]:
    """The texts of rows that say ``nan`` instead of having nothing, one per row."""
    cells = ([table.values[column][row] for column in columns] for row in gaps)
    found = (next((value for value in row if says_nan(value)), None) for row in cells)
    return [value.strip() for value in found if value is not None]


def _saying(written: Sequence[str]) -> str:
    return f"; '{written[0]}', which stands for a missing value, in {count(len(written), 'row')}" if written else ""


def like_missing(
    table: Table, column: str, labels: Iterable[tuple[int, str]], classes: Collection[str] = ()
) -> tuple[str, ...]:
    """A warning of labels that read like a missing value; none where ``classes`` lists them.

    Args:
        table: as read.
        column: the labels'.
        labels: the table's row of each label, and its name.
        classes: as configured.
    """
    found = [(row, name) for row, name in labels if name in LIKE_MISSING or says_nan(name)]
    found = [(row, name) for row, name in found if name not in classes]
    if not found:
        return ()
    rows, names = sorted({row for row, _ in found}), Counter(name for _, name in found)
    each = shorten([f"'{name}' in {number:,}" for name, number in names.most_common()])
    has, it = ("has", "it is") if len(rows) == 1 else ("have", "they are")
    return (
        f"{count(len(rows), 'row')} {has} a label in column '{column}' that reads like a missing value: {each} "
        f"({table.places(rows)}). It is read as a class. If no label is meant, take these rows out of the file; if "
        f"{it} meant, list all classes in classes:, and this is not said.",
    )


def named(columns: Sequence[str]) -> str:
    """Columns for a message.

    >>> named(["stars"]), named(["toxic", "threat"])
    ("column 'stars'", "columns 'toxic', 'threat'")
    """
    return f"column{'' if len(columns) == 1 else 's'} {shorten(quoted(columns), 12)}"
