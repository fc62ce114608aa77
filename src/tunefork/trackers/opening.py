"""From a choice in the study file to a tracker, and whether its package is installed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunefork.config import MLflow, TrackerChoice, digest
from tunefork.errors import MissingExtraError
from tunefork.preflight import Preflight
from tunefork.store import Store
from tunefork.trackers.protocol import Memory, Tracker

PACKAGES = {"tensorboard": ("tensorboard",), "mlflow": ("mlflow",)}
"""What each needs."""
DATABASE = ("sqlalchemy", "alembic")
"""What MLflow needs beside that where it writes a database itself."""
USUAL = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own 7 take four minutes, in which nobody learns that a server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # a terminal shows how the study gets on
    "MLFLOW_DISABLE_TELEMETRY": "true",  # whoever chose a tracker did not choose to tell its makers
}
"""Settings of MLflow, where the environment has none."""


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
        checks.look(partial(_check, choice))
    checks.settle()


def load_tracker(choice: TrackerChoice) -> Callable[[Path, Memory], Tracker]:
    """What makes the tracker of a choice from the study's folder and a memory; its package is imported here."""
    if isinstance(choice, MLflow):
        for name, value in USUAL.items():
            os.environ.setdefault(name, value)
        from tunefork.trackers.mlflow import MLflowTracker

        if _in_a_database(choice):
            importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
        return partial(MLflowTracker, choice)
    from tunefork.trackers.tensorboard import TensorBoardTracker

    return partial(TensorBoardTracker, choice)


def _in_a_database(choice: MLflow) -> bool:
    return not choice.uri or choice.uri.startswith("sqlite:")


def _check(choice: TrackerChoice) -> None:
    needed = PACKAGES[choice.kind]
    for package in (*needed, *DATABASE) if isinstance(choice, MLflow) and _in_a_database(choice) else needed:
        if find_spec(package) is None:
            raise MissingExtraError(f"The tracker {choice.kind}", package=package, extra=choice.kind)
