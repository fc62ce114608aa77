"""The names of the labels: found in training, ordered and limited by ``classes``, looked for in the other splits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunefork.data.table import Table, count, shorten
from tunefork.errors import LabelError, nearest
from tunefork.problem import Problem

INTEGER = re.compile(r"-?\d+")


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


def build_label_map(
    names: Sequence[str],
    classes: Sequence[str] = (),
    *,
    where: str = "",
    column: str = "label",
    problem: Problem = "single_label",
    columns: Sequence[str] = (),
) -> tuple[LabelMap, dict[str, str], tuple[str, ...]]:
    """The labels of the training rows.

    Args:
        names: of every label of every training row; of classes one per row.
        classes: the configured names. They order (and limit) labels that are names, and name labels that are numbers.
        where: the table's name.
        column: the label's name.
        problem: of several labels per row one is enough, of classes two are needed.
        columns: where each label has a column, their names: those are the labels, in this order, whatever rows say.

    Returns:
        The map, what each training label is called (labels left out by ``classes`` are not in it), and notices.

    Raises:
        LabelError: one class only, no label at all, or ``classes`` that do not fit the labels.
    """
    found = list(columns) or sorted(set(names), key=sort_key)
    notices: tuple[str, ...] = ()
    if not classes:
        order, renamed = found, {name: name for name in found}
    else:
        order = list(classes)
        _check_classes(order, where)
        if not any(name in order for name in found) and all(map(_whole, found)):
            renamed = _numbered(found, order, where, column)
        else:
            unit = "training row" if problem == "single_label" else "label"
            renamed, notices = _limited(Counter(names), found, order, f"{where}, column '{column}'", unit)
    _enough(names, renamed, problem, f"{where}, column '{column}'")
    return LabelMap(tuple(order)), renamed, notices


def _enough(names: Sequence[str], renamed: Mapping[str, str], problem: Problem, where: str) -> None:
    if problem == "multi_label":
        if not any(name in renamed for name in names):
            fix = "Check the label column, or the columns of 0 and 1."
            raise LabelError("No training row has a label", where=where, fix=fix)
    elif len(set(renamed.values())) < 2:
        only = next(iter(renamed), "")
        raise LabelError(
            "There is only one class" if renamed else "There are no labels",
            where=where,
            found=f"'{only}' in {count(list(names).count(only), 'row')}" if renamed else "no rows",
            fix="Classification needs two classes at least; check the label column.",
        )


def sort_key(name: str) -> tuple[int, int, str]:
    """Whole numbers in numeric order first, then names in alphabetical order."""
    return (0, int(name), name) if _whole(name) else (1, 0, name)


def _whole(name: str) -> bool:
    """Whether a name is a whole number; of thousands of digits, which Python does not read, it is a name."""
    return len(name) < 1000 and INTEGER.fullmatch(name) is not None


def _check_classes(classes: Sequence[str], where: str) -> None:
    double = next((name for name, number in Counter(classes).items() if number > 1), None)
    if double is not None:
        raise LabelError(f"classes names '{double}' twice", where=where, fix="Give every class its own name.")


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
    counts: Mapping[str, int], found: Sequence[str], classes: Sequence[str], where: str, unit: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    for name in classes:
        if name not in found:
            near = nearest(name, sorted(found), limit=1)
            raise LabelError(
                f"No training row has the class '{name}' that classes names",
                where=where,
                found=f"labels {shorten(found, 12)}",
                fix=f"Did you mean '{near[0]}'?" if near else "Correct the name or take it out of classes.",
            )
    out = [name for name in found if name not in classes]
    left = sum(counts.get(name, 0) for name in out)
    notice = f"{count(left, unit)} left out: classes does not name {shorten(out)}."
    return {name: name for name in classes}, (notice,) if out else ()


def unseen_labels(
    names: Sequence[str], known: Sequence[str], table: Table, rows: Sequence[int], split: str, column: str
) -> None:
    """Check that training has every label of a split.

    Args:
        names: one label per row of the split.
        known: the labels that training rows have.
        rows: the table's row of each label.

    Raises:
        LabelError: naming each label, in how many rows it is, the split, and the rows of the first.
    """
    have = frozenset(known)
    strange = [place for place, name in enumerate(names) if name not in have]
    if not strange:
        return
    totals = Counter(names[place] for place in strange)
    label, others = names[strange[0]], len(totals) - 1
    places = [rows[place] for place in strange if names[place] == label]
    each = shorten([f"'{name}' in {count(number, 'row')}" for name, number in totals.items()])
    raise LabelError(
        f"The label '{label}' is in {split} but not in training"
        + (f", and so {'is' if others == 1 else 'are'} {others} more" if others else ""),
        where=f"{table.places(places)}, column '{column}'",
        found=f"{each}; training labels {shorten(sorted(have, key=sort_key), 12)}",
        fix="Correct the label, add training rows that have it, or remove these rows.",
    )
