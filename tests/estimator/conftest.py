"""Real messages and digits as X and y."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunefork import Classifier, Full

Texts = tuple[list[str], list[str]]


@pytest.fixture(scope="session")
def messages(messages_csv: Path) -> Texts:
    """60 messages of three intents, and their intents."""
    with messages_csv.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::4]
    return [row["message"] for row in rows], [row["intent"] for row in rows]


@pytest.fixture(scope="session")
def small(tiny_folder: Path) -> Callable[..., Classifier]:
    """Makes classifiers of the two-block model that train in no time."""

    def make(**parameters: Any) -> Classifier:
        usual = {"strategy": Full(learning_rate=3e-3), "epochs": 3, "max_length": 24, "precision": "fp32"}
        return Classifier(str(tiny_folder), **{**usual, **parameters})

    return make


@pytest.fixture(scope="session")
def fitted(messages: Texts) -> Classifier:
    """A real model that was trained on the messages."""
    strategy = Full(learning_rate=3e-4)
    return Classifier(strategy=strategy, epochs=4, max_length=32, validation_fraction=0.2, precision="fp32").fit(
        *messages
    )
