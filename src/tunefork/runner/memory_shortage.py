"""What is done where memory runs out: fewer runs in a pass, then fewer rows in a forward pass of a lone run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunefork.store import Store

CHOICE = "memory"


class MemoryShortage:
    """What was decided in a study where memory ran out; kept in its store, so that it is known when it is continued.

    Args:
        store: the study's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def spare(self, key: str, runs: Sequence[str], batch: int) -> bool:
        """Memory ran out for a pass: decide how it needs less. False where nothing is left to be done.

        Args:
            key: of the pass.
            runs: the ids of its runs.
            batch: rows of a forward pass as the study wants it.
        """
        known = self._known()
        if len(runs) > 1:
            known[key] = {"split": True, "runs": list(runs)}
        else:
            most = (known.get(key, {}).get("most") or batch) // 2
            if not most:
                return False
            known[key] = {"most": most, "batch": batch, "runs": list(runs)}
        self._store.choose(CHOICE, known)
        return True

    def splits(self, key: str) -> bool:
        """Whether the runs of a pass train in two."""
        return bool(self._known().get(key, {}).get("split"))

    def most(self, key: str) -> int | None:
        """Rows of a forward pass; None where the study's own number fits."""
        found: int | None = self._known().get(key, {}).get("most")
        return found

    def notices(self, run: str) -> list[str]:
        """What to tell of a run."""
        found = []
        for each in self._known().values():
            if run in each["runs"] and each.get("split"):
                found.append(f"memory ran out with {len(each['runs'])} runs in one pass: they were trained in two")
            elif run in each["runs"]:
                found.append(
                    f"memory ran out with {each['batch']} rows in a forward pass: {each['most']} were taken, and as "
                    "many passes for a step as make the same rows"
                )
        return found

    def _known(self) -> dict[str, Any]:
        return self._store.chosen(CHOICE)
