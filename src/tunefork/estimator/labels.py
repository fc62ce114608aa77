"""y as people hand it over → classes as they were, their names in a saved model, and the class of each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from tunefork.data.table import missing, printable
from tunefork.errors import EstimatorInputError

KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "text", "O": "object", "T": "text"}
"""What labels may be: the kinds of NumPy's types."""


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes of y."""

    values: NDArray[Any]
    """[C] sorted, of y's own type."""
    names: tuple[str, ...]
    """[C] what a saved model calls them."""
    rows: NDArray[np.int64]
    """[N] the number of each row's class."""

    @property
    def labels(self) -> list[str]:
        """[N] the name of each row's class."""
        return [self.names[number] for number in self.rows]


def read_y(y: Any, rows: int) -> Classes:
    """The classes of y.

    Args:
        y: one label per row: texts, whole numbers or booleans.
        rows: how many there are in X.

    Raises:
        EstimatorInputError: no y, labels that are missing or are no classes, another number of them than rows.

    >>> read_y([7, 3, 7], 3).values.tolist(), read_y([7, 3, 7], 3).labels
    ([3, 7], ['7', '3', '7'])
    """
    if y is None:
        raise EstimatorInputError(
            "Classifier requires y to be passed, but the target y is None", fix="Write fit(X, y), one label per row."
        )
    labels = _one_each(y)
    if len(labels) != rows:
        raise EstimatorInputError(
            "X and y have inconsistent numbers of samples", where="y", found=f"{rows:,} rows in X and {len(labels):,} "
            "labels in y", fix="Give one label for each row.",
        )  # fmt: skip
    _refuse_gaps(labels)
    try:
        check_classification_targets(labels)
        values, numbers = np.unique(labels, return_inverse=True)
    except (TypeError, ValueError) as error:
        raise EstimatorInputError(
            str(error).split(". ")[0].rstrip("."), where="y", found=f"type {labels.dtype}",
            fix="Labels are texts, whole numbers or booleans, all of one kind.",
        ) from None  # fmt: skip
    return Classes(values, names_of(values), numbers.astype(np.int64))


def _one_each(y: Any) -> NDArray[Any]:
    """[N] labels."""
    try:
        labels = column_or_1d(y, warn=True)
    except (TypeError, ValueError):
        shape = getattr(y, "shape", None) or (len(y) if hasattr(y, "__len__") else 0, "…")
        raise EstimatorInputError(
            "y has one label for each row", where="y", found=f"shape ({', '.join(map(str, shape))})",
            fix="Rows that have several labels are for tunefork.Study.",
        ) from None  # fmt: skip
    if labels.dtype.kind not in KINDS:
        raise EstimatorInputError(
            "These are no labels", where="y", found=f"type {labels.dtype}",
            fix="Labels are texts, whole numbers or booleans.",
        )  # fmt: skip
    return np.asarray(labels)


def _refuse_gaps(labels: NDArray[Any]) -> None:
    for place, value in enumerate(labels.tolist()):
        if missing(value) or value in (float("inf"), float("-inf")):
            found = "infinity" if isinstance(value, float) and not missing(value) else "NaN"
            raise EstimatorInputError(
                f"Input y contains {found}: the label is missing", where=f"y[{place}]", found=repr(value),
                fix="Fill it in, or leave the row out.",
            )  # fmt: skip


def names_of(values: NDArray[Any]) -> tuple[str, ...]:
    """[C] names of classes; they go into the saved model's files, where all labels are texts.

    Raises:
        EstimatorInputError: a class without a name, or two of one name.
    """
    names = tuple(printable(_name(value)) for value in values.tolist())
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            first = values[names.index(name)]
            raise EstimatorInputError(
                f"Labels of y would have the same name '{name}'" if name else "A label of y has no name", where="y",
                found=f"{first!r} and {values[place]!r}" if name else repr(values[place]),
                fix="Give each class a name of its own; blanks around it do not count.",
            )  # fmt: skip
    return names


def _name(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def write_classes(values: NDArray[Any]) -> dict[str, Any]:
    """For JSON; ``read_classes`` reads it back, of the same type."""
    return {"type": values.dtype.str, "values": values.tolist()}


def read_classes(written: Mapping[str, Any]) -> NDArray[Any]:
    """[C] classes.

    >>> read_classes(write_classes(np.array([3, 7], dtype=np.int8))).dtype
    dtype('int8')
    """
    return np.array(written["values"], dtype=np.dtype(written["type"]))
