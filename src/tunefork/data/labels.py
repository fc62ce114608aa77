"""Labels: what people write in a column → class names → numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data.table import Table, count, missing, printable, shorten
from tunefork.errors import LabelError, nearest

_INTEGER = re.compile(r"-?\d+")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class LabelMap:
    """Class names in the order of their numbers.

    >>> LabelMap(("neg", "pos")).encode(["pos", "neg"]).tolist()
    [1, 0]
    """

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def label2id(self) -> dict[str, int]:
        """Name → number, as a transformers configuration has it."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def id2label(self) -> dict[int, str]:
        """Number → name, as a transformers configuration has it."""
        return dict(enumerate(self.names))

    def encode(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """[N] class numbers of [N] names.

        Raises:
            LabelError: a name that is not a class.
        """
        try:
            return np.array([self.label2id[label] for label in labels], dtype=np.int64)
        except KeyError as error:
            raise LabelError(
                f"There is no class '{error.args[0]}'", found=f"classes {shorten(self.names, 20)}"
            ) from None

    def decode(self, numbers: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """[N] names of [N] class numbers."""
        return [self.names[int(number)] for number in numbers]

    def to_dict(self) -> dict[str, list[str]]:
        """For JSON; ``from_dict`` reads it back."""
        return {"names": list(self.names)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[str]]) -> LabelMap:
        """The map that ``to_dict`` wrote."""
        return cls(tuple(data["names"]))


def read_labels(
    table: Table, column: str, *, drop_missing: bool = False, classes: Sequence[str] = ()
) -> tuple[list[str | None], tuple[str, ...]]:
    """A label column as class names, and notices of what was changed. None stands for rows to be dropped.

    Integers become their decimal text, integral floats too (with a notice), booleans ``false`` and ``true``; outer
    blanks go. ``classes`` may list fractional numbers, which are then names like any other.

    Raises:
        LabelError: missing labels, fractional numbers, values that are no label, and values that differ in kind but
            would become one name, such as 1 and "1".
    """
    values = table.values[column]
    gaps = [row for row, value in enumerate(values) if missing(value) or (isinstance(value, str) and not value.strip())]
    notices: list[str] = []
    if gaps and not drop_missing:
        raise LabelError(
            f"{count(len(gaps), 'row')} {'has' if len(gaps) == 1 else 'have'} no label in column '{column}'",
            where=table.places(gaps),
            found=f"{len(values) - len(gaps):,} labels in {len(values):,} rows",
            fix="Fill them in, or leave these rows out with --drop-missing (drop_missing: true).",
        )
    if gaps:
        notices.append(f"{count(len(gaps), 'row')} without a label left out ({table.places(gaps)}).")
    absent = set(gaps)
    rows = [row for row in range(len(values)) if row not in absent]
    names, more = _names(table, column, rows, frozenset(classes))
    return names, (*notices, *more)


def _names(
    table: Table, column: str, rows: Sequence[int], allowed: frozenset[str]
) -> tuple[list[str | None], list[str]]:
    values = table.values[column]
    names: list[str | None] = [None] * len(values)
    kinds: dict[str, str] = {}
    first: dict[str, int] = {}
    changed: Counter[str] = Counter()
    written = _written_floats(table, column, rows, allowed)
    for row in rows:
        name, kind, change = _name(values[row], allowed, f"{table.place(row)}, column '{column}'", written)
        if kinds.setdefault(name, kind) != kind:
            raise LabelError(
                f"Labels of different kinds would become one class '{name}'",
                where=f"{table.places([first[name], row])}, column '{column}'",
                found=f"the {kinds[name]} {values[first[name]]!r} and the {kind} {values[row]!r}",
                fix="Write the labels all as text or all as numbers.",
            )
        first.setdefault(name, row)
        names[row] = name
        if change:
            changed[change] += 1
    return names, [f"{count(number, 'label')} of {table.name} {change}." for change, number in changed.items()]


def _name(value: Any, allowed: frozenset[str], where: str, written: bool) -> tuple[str, str, str]:
    """A value's class name, its kind, and how it was changed (empty if not)."""
    if isinstance(value, str):
        name = printable(value.strip())
        if written and _FLOAT.fullmatch(name):
            return _whole(float(name)), "text", "written as whole numbers with decimals, read as classes"
        return name, "text", "stripped of outer blanks" if name != value else ""
    if isinstance(value, bool):
        return str(value).lower(), "boolean", ""
    if isinstance(value, int):
        return str(value), "number", ""
    if isinstance(value, float | Decimal):
        if value == value and abs(value) != float("inf") and value == int(value):
            return _whole(float(value)), "number", "are whole floating-point numbers, read as classes"
        if str(value) in allowed:
            return str(value), "number", ""
        raise _regression(value, where)
    raise LabelError(
        "This is not a label",
        where=where,
        found=f"a value of type {type(value).__name__.lstrip('_')}",
        fix="Labels are texts, whole numbers or booleans.",
    )


def _whole(value: float) -> str:
    return str(int(value))


def _regression(value: Any, where: str) -> LabelError:
    return LabelError(
        "The labels are fractional numbers, which looks like regression",
        where=where,
        found=str(value),
        fix="tunefork classifies: turn them into classes, or list each of them in classes:.",
    )


def _written_floats(table: Table, column: str, rows: Sequence[int], allowed: frozenset[str]) -> bool:
    """Whether texts are numbers with decimals: pandas writes 0 and 1 as 0.0 and 1.0 once a row is missing."""
    values = table.values[column]
    texts = {values[row].strip(): row for row in reversed(rows) if isinstance(values[row], str)}
    if not texts or any(text in allowed for text in texts):
        return False
    if not all(_FLOAT.fullmatch(text) or _INTEGER.fullmatch(text) for text in texts):
        return False
    decimals = [text for text in texts if _FLOAT.fullmatch(text)]
    for text in decimals:
        if not float(text).is_integer():
            raise _regression(text, f"{table.place(texts[text])}, column '{column}'")
    return bool(decimals)


def build_label_map(
    names: Sequence[str], classes: Sequence[str] = (), *, where: str = "", column: str = "label"
) -> tuple[LabelMap, dict[str, str], tuple[str, ...]]:
    """The classes of the training rows.

    Args:
        names: one class name per training row.
        classes: the configured names. They order (and limit) labels that are names, and name labels that are numbers.

    Returns:
        The map, what each training label is called (labels left out by ``classes`` are not in it), and notices.

    Raises:
        LabelError: one class only, or ``classes`` that do not fit the labels.
    """
    found = sorted(set(names), key=_sort_key)
    notices: tuple[str, ...] = ()
    if not classes:
        order, renamed = found, {name: name for name in found}
    else:
        order = list(classes)
        _check_classes(order, where)
        if not any(name in order for name in found) and all(_INTEGER.fullmatch(name) for name in found):
            renamed = _numbered(found, order, where, column)
        else:
            renamed, notices = _limited(names, order, where, column)
    if len(set(renamed.values())) < 2:
        raise LabelError(
            "There is only one class" if renamed else "There are no labels",
            where=f"{where}, column '{column}'",
            found=f"'{found[0]}' in {count(len(names), 'row')}" if found else "no rows",
            fix="Classification needs two classes at least; check the label column.",
        )
    return LabelMap(tuple(order)), renamed, notices


def _sort_key(name: str) -> tuple[int, int, str]:
    """Whole numbers in numeric order first, then names in alphabetical order."""
    return (0, int(name), name) if _INTEGER.fullmatch(name) and len(name) < 1000 else (1, 0, name)


def _check_classes(classes: Sequence[str], where: str) -> None:
    doubles = [name for place, name in enumerate(classes) if name in classes[:place]]
    if doubles:
        raise LabelError(f"classes names '{doubles[0]}' twice", where=where, fix="Give every class its own name.")


def _numbered(found: Sequence[str], classes: Sequence[str], where: str, column: str) -> dict[str, str]:
    outside = [name for name in found if not 0 <= int(name) < len(classes)]
    if outside:
        raise LabelError(
            f"classes has no name for the label {outside[0]}",
            where=f"{where}, column '{column}'",
            found=f"labels {shorten(found, 12)}; classes names 0 to {len(classes) - 1}",
            fix="Numbers start from 0: give one name for each, in order.",
        )
    return {name: classes[int(name)] for name in found}


def _limited(
    names: Sequence[str], classes: Sequence[str], where: str, column: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    counts = Counter(names)
    for name in classes:
        if name not in counts:
            near = nearest(name, sorted(counts), limit=1)
            raise LabelError(
                f"No training row has the class '{name}' that classes names",
                where=f"{where}, column '{column}'",
                found=f"labels {shorten(sorted(counts, key=_sort_key), 12)}",
                fix=f"Did you mean '{near[0]}'?" if near else "Correct the name or take it out of classes.",
            )
    left = sum(number for name, number in counts.items() if name not in classes)
    out = [name for name in sorted(counts, key=_sort_key) if name not in classes]
    notice = (f"{count(left, 'training row')} left out: classes does not name {shorten(out)}.",) if left else ()
    return {name: name for name in classes}, notice


def unseen_labels(
    names: Sequence[str], known: Sequence[str], table: Table, rows: Sequence[int], split: str, column: str
) -> None:
    """Check that training has every label of a split.

    Args:
        names: one label per row of the split.
        known: the labels that training rows have.
        rows: the table's row of each label.

    Raises:
        LabelError: naming label, split and rows.
    """
    have = frozenset(known)
    strange = [place for place, name in enumerate(names) if name not in have]
    if not strange:
        return
    label = names[strange[0]]
    places = [rows[place] for place in strange if names[place] == label]
    others = len({names[place] for place in strange}) - 1
    raise LabelError(
        f"The label '{label}' is in {split} but not in training"
        + (f", and so {'is' if others == 1 else 'are'} {others} more" if others else ""),
        where=f"{table.places(places)}, column '{column}'",
        found=f"training labels {shorten(sorted(have, key=_sort_key), 12)}",
        fix="Correct the label, add training rows that have it, or remove these rows.",
    )
