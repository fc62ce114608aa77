"""A number per row, for regression."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tunefork.data.gaps import labelled_rows
from tunefork.data.row_labels import Labelled, Numbers
from tunefork.data.table import Table, count, missing
from tunefork.errors import LabelError

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:([,.' \u00a0\u202f])\d{3})(?:\1\d{3})*([,.]\d+)?", re.ASCII)
_NONE = ("", "nan", "na", "n/a", "null", "none")
"""Texts by which other programs write that there is no number, in lower case."""

LARGEST, SMALLEST = 2.0**127, 2.0**-126
"""Numbers, and differences of numbers, that a model can say: single precision holds no others."""


def number(value: Any) -> float | None:
    """A cell as a number, perhaps an infinite one; None where it is none. True and false are none.

    >>> number(" -1.5e3 "), number(Decimal("0.1")), number("1,500"), number(True)
    (-1500.0, 0.1, None, None)
    """
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return math.inf if value > 0 else -math.inf
    except ValueError:  # a signalling NaN
        return None


def all_numbers(values: Sequence[Any]) -> bool:
    """Whether a column could be what a regression learns: numbers that differ; empty cells do not count."""
    found = {number(value) for value in values if not _empty(value)}
    return len(found) > 1 and None not in found


def read_numbers(table: Table, column: str, *, drop_missing: bool) -> Labelled:
    """A label column as numbers: integers, floating-point numbers, decimals, and texts of such.

    Empty cells, NaN and what other programs write for it (``NA``, ``null``) are missing labels.

    Raises:
        LabelError: missing labels, values that are no numbers, and infinite ones.
    """
    values = table.values[column]
    gaps = [row for row, value in enumerate(values) if _empty(value)]
    rows, notices = labelled_rows(table, [column], gaps, drop_missing=drop_missing)
    numbers: list[float] = []
    strange: list[int] = []
    for row in rows:
        found = number(values[row])
        if found is None or not abs(found) <= LARGEST:
            strange.append(row)
        else:
            numbers.append(found)
    if strange:
        raise _no_number(table, column, strange)
    return Labelled(Numbers(numbers), rows, notices)


def check_varied(numbers: Sequence[float], where: str, column: str) -> None:
    """Training labels differ.

    Raises:
        LabelError: all are the same number.
    """
    if not numbers or max(numbers) - min(numbers) < SMALLEST:
        raise LabelError(
            "All labels are the same number" if len(set(numbers)) < 2 else "All labels are nearly the same number",
            where=f"{where}, column '{column}'",
            found=f"{numbers[0]:g} in {count(len(numbers), 'row')}" if numbers else "no rows",
            fix="Regression needs training labels that differ: check the label column, or add rows.",
        )


def _no_number(table: Table, column: str, rows: Sequence[int]) -> LabelError:
    value = table.values[column][rows[0]]
    reason, fix = "no number", "Write plain numbers such as 12.5, or name the column that holds them: --label COLUMN."
    if isinstance(value, bool):
        fix = "True and false are classes: leave problem: regression out, or write numbers."
    elif isinstance(value, str) and _THOUSANDS.fullmatch(value.strip()):
        fix = "Write numbers without separators of thousands and with a decimal point, such as 1234.5."
    elif number(value) is not None:
        reason = "no finite number" if math.isinf(number(value) or 0) else f"a number beyond {LARGEST:.2g}"
        fix = "Correct them, or remove these rows."
    have = "has" if len(rows) == 1 else "have"
    return LabelError(
        f"{count(len(rows), 'row')} {have} {reason} in column '{column}'",
        where=table.places(rows),
        found=repr(value),
        fix=fix,
    )


def _empty(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    return missing(value) or (isinstance(value, str) and value.strip().lower() in _NONE)
