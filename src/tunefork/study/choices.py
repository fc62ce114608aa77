"""What a study chooses by measurement when it begins, and keeps: a continued study chooses the same."""

from __future__ import annotations

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

    @classmethod
    def of(cls, plan: Plan) -> Choices:
        """What a plan has chosen."""
        return cls(tuple(group.runs for group in plan.groups), plan.precision)

    @classmethod
    def read(cls, store: Store) -> Choices:
        """Those of a study that was begun before."""
        try:
            found = store.study().choices
        except StoreError:
            return cls()
        return cls(tuple(map(tuple, found.get("groups", []))), found.get("precision", ""))

    def written(self) -> dict[str, Any]:
        """As the store keeps them."""
        return {"groups": [list(group) for group in self.groups], "precision": self.precision}
