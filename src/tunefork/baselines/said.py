"""What a file of predictions says: classes, labels or numbers, each checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data import Table
from tunefork.data.flags import flag
from tunefork.data.label_sets import items_of, written_items
from tunefork.data.numbers import LARGEST, number
from tunefork.data.table import missing
from tunefork.errors import LabelError


@dataclass(frozen=True)
class Rows:
    """The rows of a file that answer the test rows, in the test rows' order."""

    table: Table
    places: Sequence[int]
    """[N] the table's rows."""
    columns: tuple[str, ...]
    """The column with predictions, or one for each label."""

    def cells(self, column: str) -> list[Any]:
        """[N] the predictions of one column."""
        return [self.table.values[column][row] for row in self.places]

    def where(self, place: int, column: str) -> str:
        """Where a prediction stands."""
        return f"{self.table.place(self.places[place])}, column {column}"


def said_classes(rows: Rows, labels: Sequence[str]) -> NDArray[np.bool_]:
    """[N, C] whether a row has the class."""
    return _named(rows, [[str(cell)] for cell in rows.cells(rows.columns[0])], labels)


def said_labels(rows: Rows, labels: Sequence[str], separator: str) -> NDArray[np.bool_]:
    """[N, C] whether a row has the label: from a column for each, or from one with lists or texts of labels."""
    if rows.columns == tuple(labels):
        return np.array([_flags(rows, column) for column in labels]).T
    return _named(rows, [_parts(cell, separator) for cell in rows.cells(rows.columns[0])], labels)


def said_numbers(rows: Rows) -> NDArray[np.float32]:
    """[N, 1] the numbers."""
    column = rows.columns[0]
    found = [number(cell) for cell in rows.cells(column)]
    strange = [place for place, value in enumerate(found) if value is None or not abs(value) <= LARGEST]
    if strange:
        raise LabelError(
            f"'{rows.cells(column)[strange[0]]}' is no number",
            where=rows.where(strange[0], column),
            found=f"{len(strange):,} such predictions; this study predicts numbers",
            fix="Write plain numbers such as 12.5.",
        )
    return np.array(found, dtype=np.float32).reshape(-1, 1)


def _parts(cell: Any, separator: str) -> list[str]:
    """The labels of one cell; an empty one has none."""
    items = items_of(cell)
    if items is None and isinstance(cell, str):
        items = written_items(cell)
    if items is None:
        items = [] if missing(cell) else str(cell).split(separator)
    return [name for item in items if (name := str(item).strip())]


def _flags(rows: Rows, column: str) -> list[bool]:
    cells = rows.cells(column)
    strange = [place for place, cell in enumerate(cells) if flag(cell) is None]
    if strange:
        raise LabelError(
            f"'{cells[strange[0]]}' is neither 0 nor 1",
            where=rows.where(strange[0], column),
            found=f"{len(strange):,} such predictions",
            fix="Write 0 or 1 in the column of each label; probabilities stand in columns p_<label>.",
        )
    return [bool(flag(cell)) for cell in cells]


def _named(rows: Rows, names: Sequence[Sequence[str]], labels: Sequence[str]) -> NDArray[np.bool_]:
    numbers = {label: number for number, label in enumerate(labels)}
    unknown = [(place, name) for place, each in enumerate(names) for name in each if name not in numbers]
    if unknown:
        place, name = unknown[0]
        raise LabelError(
            f"'{name}' is no label of this study",
            where=rows.where(place, rows.columns[0]),
            found=f"{len(unknown):,} such predictions; the labels are {', '.join(labels)}",
            fix="Write the predictions as the study's labels are called.",
        )
    said = np.zeros((len(names), len(labels)), dtype=np.bool_)
    for place, each in enumerate(names):
        said[place, [numbers[name] for name in each]] = True
    return said
