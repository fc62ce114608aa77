"""One class per row: what people write in a column → class names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tunefork.data.gaps import labelled_rows, like_missing, unlabelled
from tunefork.data.kinds import Kinds, same_numbers
from tunefork.data.label_map import INTEGER
from tunefork.data.row_labels import ClassNames, Labelled
from tunefork.data.table import Table, count, either, printable
from tunefork.errors import LabelError

_CHANGES = {
    "decimals": (
        "written as a whole number with decimals, read as a class",
        "written as whole numbers with decimals, read as classes",
    ),
    "floats": (
        "is a whole floating-point number, read as a class",
        "are whole floating-point numbers, read as classes",
    ),
    "blanks": ("stripped of outer blanks", "stripped of outer blanks"),
}
"""What is done to labels, as a notice says it of one and of several."""
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")


def read_classes(table: Table, column: str, *, drop_missing: bool = False, classes: Sequence[str] = ()) -> Labelled:
    """A label column as class names.

    Integers become their decimal text, integral floats too (with a notice), booleans ``false`` and ``true``; outer
    blanks go. The text ``nan`` is a missing label. ``classes`` may list it, and fractional numbers, which are then
    names like any other.

    Raises:
        LabelError: missing labels, fractional numbers, values that are no label, and values that differ in kind but
            would become one name, such as 1 and "1", or are equal and would become two, such as 1 and 1.0 among texts.
    """
    gaps = [row for row, value in enumerate(table.values[column]) if unlabelled(value, classes)]
    rows, notices = labelled_rows(table, [column], gaps, drop_missing=drop_missing, names=True)
    names, more = _names(table, column, rows, frozenset(classes))
    named = list(zip(rows, names))
    warnings = (*like_missing(table, column, named, classes), *same_numbers(table, column, named, classes))
    return Labelled(ClassNames(names), rows, (*notices, *more), warnings)


def _names(table: Table, column: str, rows: Sequence[int], allowed: frozenset[str]) -> tuple[list[str], list[str]]:
    values, names = table.values[column], list[str]()
    kinds, changed = Kinds(table, column, "class"), Counter[str]()
    written = _written_floats(table, column, rows, allowed)
    for row in rows:
        name, kind, change = _name(values[row], allowed, f"{table.place(row)}, column '{column}'", written)
        kinds.see(name, kind, values[row], row)
        names.append(name)
        if change:
            changed[change] += 1
    return names, [
        f"{count(number, 'label')} of {table.name} {either(number, *_CHANGES[change])}."
        for change, number in changed.items()
    ]


def _name(value: Any, allowed: frozenset[str], where: str, written: bool) -> tuple[str, str, str]:
    """A value's class name, its kind, and how it was changed (a key of ``_CHANGES``; empty if not)."""
    if isinstance(value, str):
        name = printable(value.strip())
        if written and _FLOAT.fullmatch(name):
            return _whole(float(name)), "text", "decimals"
        return name, "text", "blanks" if name != value else ""
    if isinstance(value, bool):
        return str(value).lower(), "boolean", ""
    if isinstance(value, int):
        return str(value), "number", ""
    if isinstance(value, float | Decimal):
        if value == value and abs(value) != float("inf") and value == int(value):
            return str(int(value)), "number", "floats"
        if str(value) in allowed:
            return str(value), "number", ""
        raise _regression(value, where)
    raise LabelError(
        "This is not a label",
        where=where,
        found=f"a value of type {type(value).__name__.lstrip('_')}",
        fix="Labels are texts, whole numbers or booleans. Rows that may have several labels have a list in every row "
        "(problem: multi_label).",
    )


def _whole(value: float) -> str:
    return str(int(value))


def _regression(value: Any, where: str) -> LabelError:
    return LabelError(
        "The labels are fractional numbers, which looks like regression",
        where=where,
        found=str(value),
        fix="For regression give --problem regression (problem: regression); else turn them into classes, or list "
        "each of them in classes:.",
    )


def _written_floats(table: Table, column: str, rows: Sequence[int], allowed: frozenset[str]) -> bool:
    """Whether texts are numbers with decimals: pandas writes 0 and 1 as 0.0 and 1.0 once a row is missing."""
    values = table.values[column]
    texts = {values[row].strip(): row for row in reversed(rows) if isinstance(values[row], str)}
    if not texts or any(text in allowed for text in texts):
        return False
    if not all(_FLOAT.fullmatch(text) or INTEGER.fullmatch(text) for text in texts):
        return False
    decimals = [text for text in texts if _FLOAT.fullmatch(text)]
    for text in decimals:
        if not float(text).is_integer():
            raise _regression(text, f"{table.place(texts[text])}, column '{column}'")
    return bool(decimals)
