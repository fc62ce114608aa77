"""The labels of some rows, before names have numbers: one class each, any number of labels, or a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np

from tunefork.data.label_map import LabelMap
from tunefork.problem import Labels, Problem

Label = TypeVar("Label", str, tuple[str, ...], float)


@dataclass(frozen=True, eq=False)
class _OfRows(Generic[Label]):
    values: list[Label]
    """One per row. Equal values are equal labels."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, places: Sequence[int]) -> Self:
        """The labels at these places, in this order."""
        return type(self)([self.values[place] for place in places])


class ClassNames(_OfRows[str]):
    """The one class of each row."""

    problem: ClassVar[Problem] = "single_label"

    def named(self) -> list[tuple[int, str]]:
        """Every label's place and name."""
        return list(enumerate(self.values))

    def renamed(self, names: Mapping[str, str]) -> tuple[list[int], ClassNames]:
        """With other names: the places of the rows that have one, and their labels."""
        kept = [place for place, name in enumerate(self.values) if name in names]
        return kept, ClassNames([names[self.values[place]] for place in kept])

    def encode(self, labels: LabelMap) -> Labels:
        """[N] class numbers."""
        return labels.encode(self.values)


class LabelSets(_OfRows[tuple[str, ...]]):
    """Any number of labels for each row, none too, in an order that all rows share and without repeats."""

    problem: ClassVar[Problem] = "multi_label"

    def named(self) -> list[tuple[int, str]]:
        """Every label's place and name; a place as often as it has labels."""
        return [(place, name) for place, names in enumerate(self.values) for name in names]

    def renamed(self, names: Mapping[str, str]) -> tuple[list[int], LabelSets]:
        """With other names: all places, since a row that loses its labels is a row without any; and what is left."""
        sets = [tuple(names[name] for name in values if name in names) for values in self.values]
        return list(range(len(self))), LabelSets(sets)

    def encode(self, labels: LabelMap) -> Labels:
        """[N, C] whether each row has each label, 0 or 1."""
        found = np.zeros((len(self), len(labels)), dtype=np.int8)
        for place, name in self.named():
            found[place, labels.label2id[name]] = 1
        return found


class Numbers(_OfRows[float]):
    """A number for each row. It has no name."""

    problem: ClassVar[Problem] = "regression"

    def named(self) -> list[tuple[int, str]]:
        """Nothing."""
        return []

    def renamed(self, names: Mapping[str, str]) -> tuple[list[int], Numbers]:
        """All places, and the same numbers."""
        return list(range(len(self))), self

    def encode(self, labels: LabelMap) -> Labels:
        """[N] the numbers."""
        return np.array(self.values, dtype=np.float64)


RowLabels = ClassNames | LabelSets | Numbers


class Labelled(NamedTuple):
    """The labels of a table."""

    labels: RowLabels
    rows: list[int]
    """The table's row of each."""
    notices: tuple[str, ...]
    """What was changed or left out."""
    warnings: tuple[str, ...] = ()
    """What may not be meant."""
