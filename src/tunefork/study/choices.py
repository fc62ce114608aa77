"""What a study chooses by measurement when it begins, and keeps: a continued study chooses the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunefork.errors import StoreError
from tunefork.plan import Plan
from tunefork.store import Store


@dataclass(frozen=True)
class Choices:
    """The choices of an earlier sitting; empty where there was none."""

    groups: tuple[tuple[str, ...], ...] = ()
    """Who trains together, by run ids."""
    precision: str = ""
    """What ``precision: auto`` stood for."""
    workers: int = 0
    """Groups at the same time; 0 is not chosen yet."""
    threads: int = 0
    """Threads of each."""

    @classmethod
    def of(cls, plan: Plan) -> Choices:
        """What a plan has chosen."""
        return cls(tuple(group.runs for group in plan.groups), plan.precision, plan.workers, plan.threads)

    @classmethod
    def read(cls, store: Store) -> Choices:
        """Those of a study that was begun before."""
        try:
            found = store.study().choices
        except StoreError:
            return cls()
        return cls.from_plain(found)

    @classmethod
    def from_plain(cls, found: Mapping[str, Any]) -> Choices:
        """From what ``written`` gave."""
        groups = tuple(map(tuple, found.get("groups", [])))
        return cls(groups, found.get("precision", ""), found.get("workers", 0), found.get("threads", 0))

    def written(self) -> dict[str, Any]:
        """As the store keeps them."""
        return {
            "groups": [list(group) for group in self.groups], "precision": self.precision, "workers": self.workers,
            "threads": self.threads,
        }  # fmt: skip
