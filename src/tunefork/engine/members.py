"""Which of a group's runs take part in the present pass, and which rows of it are whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class Members:
    """The runs of a group, by their place in it; those that have ended leave the pass and keep their weights."""

    runs: int
    active: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Of each run that takes part, in a packed batch; empty for a padded one, where runs have equal shares."""
    width: int = 0
    """Rows of a packed batch, with what fills it up."""
    sequences: tuple[int, ...] = ()
    """Of each run that takes part; empty where all have equally many."""

    def __post_init__(self) -> None:
        self.active = self.active or tuple(range(self.runs))

    @property
    def all(self) -> bool:
        """Whether nobody has left."""
        return len(self.active) == self.runs

    def shares(self, rows: int) -> list[tuple[int, int]]:
        """From which to which row of an activation each taking-part run's share reaches.

        An activation has a row for each token, or (behind the last block) one for each sequence.

        >>> Members(2, tokens=(3, 4), width=8).shares(8), Members(2, tokens=(3, 4), width=8).shares(6)
        ([(0, 3), (3, 7)], [(0, 3), (3, 6)])
        >>> Members(2, sequences=(1, 3)).shares(8)
        [(0, 2), (2, 8)]
        """
        if self.tokens and rows == self.width:
            ends = [sum(self.tokens[: number + 1]) for number in range(len(self.tokens))]
            return list(zip([0, *ends], ends))
        counts = self.sequences or (1,) * len(self.active)
        each = rows // sum(counts)
        ends = [each * sum(counts[: number + 1]) for number in range(len(counts))]
        return list(zip([0, *ends], ends))


def side_by_side(rows: Sequence[np.ndarray]) -> np.ndarray:
    """The runs' row numbers, [K, n]; one after another, [Σ n], where they do not have equally many.

    >>> side_by_side([np.array([3, 4]), np.array([5, 6])]).shape, side_by_side([np.array([3, 4]), np.array([5])]).shape
    ((2, 2), (3,))
    """
    return np.stack(rows) if len({len(each) for each in rows}) == 1 else np.concatenate(rows)
