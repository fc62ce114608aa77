"""One column with any number of labels per row: lists, texts of lists, or texts with a separator between labels."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tunefork.data.gaps import labelled_rows, like_missing, says_nan, unlabelled
from tunefork.data.kinds import Kinds, same_numbers
from tunefork.data.label_map import sort_key
from tunefork.data.row_labels import Labelled, LabelSets
from tunefork.data.table import Table, count, missing, printable
from tunefork.errors import LabelError

_NO_COMMA = re.compile(r"""['"]\s+['"]""")
"""NumPy writes an array of texts so, and Python would read the texts as one."""
WAYS = (
    'Write a list in every row, such as ["a", "b"], say what stands between labels (--label-separator "|"), or name '
    "a column of 0 and 1 for each label (--label a+b)."
)


def items_of(value: Any) -> list[Any] | None:
    """The items of a cell that is a list, a tuple, a set or a one-dimensional array; None of any other.

    >>> items_of(("a", "b")), items_of("ab")
    (['a', 'b'], None)
    """
    if type(value) in (list, tuple, set, frozenset):  # a JSON object is a list of pairs, but of a type of its own
        return [item.item() if isinstance(item, np.generic) else item for item in value]
    if getattr(value, "ndim", None) == 1 and hasattr(value, "tolist"):
        return list(value.tolist())
    return None


def written_items(text: str) -> list[Any] | None:
    """The items of a list that is written as JSON or Python has it; None of any other text.

    >>> written_items('["a", "b"]'), written_items("['a']"), written_items("[]"), written_items("a, b")
    (['a', 'b'], ['a'], [], None)
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return found if isinstance(found, list) else None
    return None


def are_lists(values: Sequence[Any]) -> bool:
    """Whether every cell that is not missing is a list."""
    cells = [value for value in values if not missing(value)]
    return bool(cells) and all(items_of(value) is not None for value in cells)


def are_written_lists(values: Sequence[Any]) -> bool:
    """Whether every cell that is not empty is a text that writes a list."""
    cells = [value for value in values if not unlabelled(value)]
    return bool(cells) and all(isinstance(cell, str) and written_items(cell) is not None for cell in cells)


def has_lists(values: Sequence[Any]) -> bool:
    """Whether a column has a list in every row, as a value or written."""
    return are_lists(values) or are_written_lists(values)


def read_label_sets(
    table: Table, column: str, separator: str = "", *, drop_missing: bool, classes: Sequence[str] = ()
) -> Labelled:
    """The labels of each row, from one column.

    An empty list is a row without labels. So is an empty text where there is a separator, while an empty text among
    texts of lists is a missing label, as None and NaN always are, and the text ``nan`` in place of a row's labels. A
    label that stands twice in a row is kept once; integers become their decimal text; outer blanks go.

    Args:
        table: as read.
        column: the labels'.
        separator: what stands between the labels of one text; not looked at where cells are lists.
        drop_missing: whether rows whose label is missing are left out.
        classes: as configured: names that are labels though they read like a missing value.

    Raises:
        LabelError: missing labels, cells that are no lists without a separator, items that are no labels.
    """
    cells, lists = _cells(table, column, separator, classes)
    gaps = [row for row, items in enumerate(cells) if items is None]
    rows, notices = labelled_rows(table, [column], gaps, drop_missing=drop_missing, names=True)
    given = [(row, items) for row, items in enumerate(cells) if items is not None]
    if lists:
        _refuse_positions(table, column, given)
    sets, more = _sets(table, column, given)
    if separator and not lists and not any(len(items) > 1 for _, items in given):
        more.append(f"No row of {table.name} has {separator!r} in column '{column}': each has one label at most.")
    labels = [(row, name) for row, names in zip(rows, sets) for name in names]
    warnings = (*like_missing(table, column, labels, classes), *same_numbers(table, column, labels, classes))
    return Labelled(LabelSets(sets), rows, (*notices, *more), warnings)


def _cells(table: Table, column: str, separator: str, classes: Sequence[str]) -> tuple[list[list[Any] | None], bool]:
    """The items of each row, None where the label is missing; and whether they were lists."""
    values = table.values[column]
    if are_lists(values):
        return [None if missing(value) else items_of(value) for value in values], True
    if are_written_lists(values):
        _refuse_arrays(table, column)
        return [None if unlabelled(value) else written_items(value) for value in values], True
    if separator:
        return [None if _unsaid(value, classes) else _parts(value, separator) for value in values], False
    row = next((row for row, value in enumerate(values) if not unlabelled(value) and items_of(value) is None), 0)
    raise LabelError(
        f"Column '{column}' has no lists of labels",
        where=table.place(row),
        found=repr(values[row])[:80],
        fix=WAYS,
    )


def _unsaid(value: Any, classes: Sequence[str]) -> bool:
    """Whether nobody said which labels a row has; an empty text says that it has none."""
    return missing(value) or (says_nan(value) and value.strip() not in classes)


def _parts(value: Any, separator: str) -> list[Any]:
    """The labels of one cell. Nothing between two separators is no label."""
    if isinstance(value, str):
        return [part for part in value.split(separator) if part.strip()]
    items = items_of(value)
    return [value] if items is None else items


def _sets(table: Table, column: str, given: Sequence[tuple[int, list[Any]]]) -> tuple[list[tuple[str, ...]], list[str]]:
    kinds, changed, sets = Kinds(table, column, "label"), Counter[str](), list[tuple[str, ...]]()
    for row, items in given:
        names: list[str] = []
        for item in items:
            name, kind = _name(item, f"{table.place(row)}, column '{column}'")
            kinds.see(name, kind, item, row)
            changed["stripped of outer blanks"] += name != item and isinstance(item, str)
            names.append(name)
        sets.append(tuple(sorted(set(names), key=sort_key)))
        changed["twice in one row, kept once"] += len(names) - len(sets[-1])
    return sets, [f"{count(number, 'label')} of {table.name} {change}." for change, number in changed.items() if number]


def _name(item: Any, where: str) -> tuple[str, str]:
    """An item's name, and its kind."""
    if isinstance(item, str) and item.strip():
        return printable(item.strip()), "text"
    if isinstance(item, int | float) and not isinstance(item, bool) and item == item // 1:  # no fraction, NaN or Inf
        return str(int(item)), "number"
    what = "empty" if isinstance(item, str) or missing(item) else "no label"
    raise LabelError(
        f"An item of a list of labels is {what}",
        where=where,
        found=repr(item)[:80],
        fix="Labels are texts or whole numbers. A row without labels has an empty list.",
    )


def _refuse_positions(table: Table, column: str, given: Sequence[tuple[int, list[Any]]]) -> None:
    """Lists of 0 and 1, as long as there are labels, would be read as rows that have the labels 0 and 1."""
    lengths = {len(items) for _, items in given}
    if len(lengths) != 1 or not all(_is_bit(item) for _, items in given for item in items):
        return
    twice = next((row for row, items in given if len(set(items)) < len(items)), None)
    if twice is not None:
        raise LabelError(
            f"The lists of column '{column}' look like 0 or 1 for each label, not like the labels that a row has",
            where=table.place(twice),
            found=repr(table.values[column][twice])[:80],
            fix="Write the labels that each row has, such as [2, 5] or ['joy'], or a column of 0 and 1 for each label "
            "(--label a+b).",
        )


def _is_bit(item: Any) -> bool:
    return isinstance(item, int | float) and item in (0, 1)


def _refuse_arrays(table: Table, column: str) -> None:
    for row, value in enumerate(table.values[column]):
        if isinstance(value, str) and _NO_COMMA.search(value):
            raise LabelError(
                f"The lists of column '{column}' have no commas, as NumPy writes them",
                where=table.place(row),
                found=repr(value)[:80],
                fix="Write lists with commas: turn the arrays into lists before the file is written (tolist()).",
            )
