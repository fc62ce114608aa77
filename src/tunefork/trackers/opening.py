"""From a choice in the study file to a tracker, and whether its package is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunefork.config import MLflow, TrackerChoice, digest
from tunefork.errors import MissingExtraError
from tunefork.preflight import Preflight
from tunefork.store import Store
from tunefork.trackers.protocol import Memory, Tracker

PACKAGES = {"tensorboard": ("tensorboard",), "mlflow": ("mlflow", "sqlalchemy", "alembic")}
"""What each needs; MLflow's last two are for a database in the study's folder."""


class Kept:
    """A tracker's memory in the study's store.

    Args:
        store: the study's.
        choice: the same tracker with other settings remembers nothing of this one.
    """

    def __init__(self, store: Store, choice: TrackerChoice) -> None:
        self._store, self._owner = store, f"tracker {choice.kind} {digest(choice, 8)}"

    def kept(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""
        return self._store.chosen(f"{self._owner}: {name}")

    def keep(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something."""
        self._store.choose(f"{self._owner}: {name}", value)


def check_installed(choices: Sequence[TrackerChoice]) -> None:
    """Look for the packages of all trackers; nothing is imported.

    Raises:
        MissingExtraError: naming the package and the pip command; a ``ProblemsError`` where several are missing.
    """
    checks = Preflight()
    for choice in choices:
        checks.look(lambda choice=choice: _check(choice))  # type: ignore[misc]
    checks.settle()


def open_tracker(choice: TrackerChoice, folder: Path, memory: Memory) -> Tracker:
    """The tracker of a choice; its package is imported here, on whatever thread this is."""
    if isinstance(choice, MLflow):
        from tunefork.trackers.mlflow import MLflowTracker

        return MLflowTracker(choice, folder, memory)
    from tunefork.trackers.tensorboard import TensorBoardTracker

    return TensorBoardTracker(choice, folder, memory)


def _check(choice: TrackerChoice) -> None:
    needed = PACKAGES[choice.kind]
    for package in needed[:1] if isinstance(choice, MLflow) and choice.uri.startswith("http") else needed:
        if find_spec(package) is None:
            raise MissingExtraError(f"The tracker {choice.kind}", package=package, extra=choice.kind)
