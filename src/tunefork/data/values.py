"""What the rest of tunefork gets to see of the data: frozen splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data.columns import Columns
from tunefork.data.images.pixels import Pixels
from tunefork.data.label_map import LabelMap
from tunefork.data.left_out import LeftOut
from tunefork.data.table import count
from tunefork.errors import SplitError
from tunefork.problem import Labels, Problem, problem_of


@dataclass(frozen=True, eq=False)
class Images:
    """The pictures of a split."""

    hashes: tuple[str, ...]
    """[N] of each one's size and pixels, before resizing."""
    pixels: Pixels | None
    """In the size that a model wants; None where nobody said which."""
    places: NDArray[np.int64]
    """[N] of each row's picture in ``pixels``."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one split, in the order of their source."""

    name: str
    """train, validation or test."""
    texts: tuple[tuple[str, ...], ...]
    """[N] tuples of one text, or of two for a pair."""
    labels: Labels
    """[N] class numbers, [N, C] 0 or 1 for each label, or [N] numbers: see ``tunefork.problem``. Read-only."""
    ids: tuple[str, ...]
    """[N] values of the id column, else row numbers in the source, from 0 (a DataFrame's index labels)."""
    images: Images | None = None
    """Where rows are images; ``texts`` then are their names."""

    def __post_init__(self) -> None:
        labels = np.array(self.labels)
        labels.setflags(write=False)
        object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Split({self.name}: {len(self):,} rows)"


@dataclass(frozen=True, eq=False)
class Splits:
    """The data of a study. Two loads of the same rows with the same configuration have the same ``hash``."""

    train: Split
    validation: Split | None
    """None where ``validation: 0``."""
    test: Split | None
    """None where ``test: 0``, which is for whoever tests by himself: see ``test_rows``."""
    labels: LabelMap
    columns: Columns
    notices: tuple[str, ...] = ()
    """Guesses, conversions, and how many rows were left out."""
    warnings: tuple[str, ...] = ()
    """What makes conclusions weaker."""
    near_duplicates: tuple[dict[str, Any], ...] = ()
    """Rows of two splits that are nearly the same: see ``NearDuplicates``, whose fields these are."""
    augmentation: dict[str, Any] = field(default_factory=dict)
    """How training texts were augmented: see ``Augmented``, whose fields these are. Empty where they were not."""
    left_out: tuple[LeftOut, ...] = ()
    """Every row without a label, with an empty text, or with a picture that cannot be read, where such are left out."""
    hash: str = field(default="")
    """SHA-256 over texts or pixels, labels, ids and class names of all splits."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", self.hash or content_hash(self.present(), self.labels))

    def present(self) -> tuple[Split, ...]:
        """The splits that there are: train, validation unless it is None, test."""
        return tuple(split for split in (self.train, self.validation, self.test) if split is not None)

    @property
    def test_rows(self) -> Split:
        """The test rows.

        Raises:
            SplitError: there are none.
        """
        if self.test is None:
            raise SplitError("There are no test rows", where="test: 0", fix="Give a share such as 0.2, or a file.")
        return self.test

    @property
    def problem(self) -> Problem:
        """What a row's label is; of ``regression`` the one name in ``labels`` is that of the number."""
        return problem_of(self.train.labels)

    @property
    def task(self) -> str:
        """``image-classification`` or ``text-classification``."""
        return "image-classification" if self.train.images is not None else "text-classification"

    @property
    def rows(self) -> dict[str, int]:
        """Rows per split that there is."""
        return {split.name: len(split) for split in self.present()}

    @property
    def contents(self) -> str:
        """Rows and labels for people: ``80 train, 20 test rows, 2 classes``, ``5 labels`` or ``numbers``."""
        nouns: dict[Problem, str] = {
            "single_label": f"{len(self.labels)} classes",
            "multi_label": count(len(self.labels), "label"),
            "regression": "numbers",
        }
        rows = ", ".join(f"{number:,} {name}" for name, number in self.rows.items())
        return f"{rows} rows, {nouns[self.problem]}"

    def __repr__(self) -> str:
        return f"Splits({self.contents})"


def content_hash(splits: Iterable[Split], labels: LabelMap) -> str:
    """SHA-256, in hex, of everything that training and evaluation see.

    A class is written 1, several labels [0, 1], a number 1.0, so different problems have different hashes.
    """
    state = hashlib.sha256()

    def add(*texts: str) -> None:
        # The length before each text keeps ("ab", "c") and ("a", "bc") apart.
        for text in texts:
            data = text.encode()
            state.update(b"%d:" % len(data))
            state.update(data)

    add(str(len(labels)), *labels.names)
    for split in splits:
        add(split.name, str(len(split)))
        contents = split.texts if split.images is None else [(each,) for each in split.images.hashes]
        for parts, label, identity in zip(contents, split.labels.tolist(), split.ids):
            add(str(len(parts)), *parts, str(label), identity)
    return state.hexdigest()


def half_width(rows: int) -> float:
    """Half of the 95 % interval of an accuracy on that many rows, at its widest (accuracy 0.5; normal approximation).

    >>> round(half_width(100), 3)
    0.098
    """
    return 1.96 * float(np.sqrt(0.25 / rows))
