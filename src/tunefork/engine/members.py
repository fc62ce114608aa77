"""Which of a group's runs take part in the present pass, and which rows of it are whose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Members:
    """The runs of a group, by their place in it; those that have ended leave the pass and keep their weights."""

    runs: int
    active: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Of each run that takes part, in a packed batch; empty for a padded one, where runs have equal shares."""
    width: int = 0
    """Rows of a packed batch, with what fills it up."""

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
        """
        if self.tokens and rows == self.width:
            ends = [sum(self.tokens[: number + 1]) for number in range(len(self.tokens))]
            return list(zip([0, *ends], ends))
        each = rows // len(self.active)
        return [(number * each, (number + 1) * each) for number in range(len(self.active))]
