"""Which of a group's runs take part in the present pass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Members:
    """The runs of a group, by their place in it; those that have ended leave the pass and keep their weights."""

    runs: int
    active: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.active = self.active or tuple(range(self.runs))

    @property
    def all(self) -> bool:
        """Whether nobody has left."""
        return len(self.active) == self.runs
