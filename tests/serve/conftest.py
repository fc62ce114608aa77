"""One fleet for all tests of serving."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.export.test_formats import model_folder
from tests.serve.fleets import messages_study, trained
from tunefork import LoRA, Results
from tunefork.serve import Fleet, find_sources, load_fleet


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT whose answers differ from text to text."""
    return model_folder("bert", tmp_path_factory.mktemp("models") / "lively-bert")


@pytest.fixture(scope="session")
def intents(lively: Path, messages_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return messages_study(lively, messages_csv, tmp_path_factory.mktemp("serve") / "intents")


@pytest.fixture(scope="session")
def others(lively: Path, messages_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Adapters on the same model for other tasks: two classes, several labels, a number, pairs of texts."""
    root = tmp_path_factory.mktemp("serve-others")
    table = pd.read_csv(messages_csv)
    table["late"] = ["yes" if "late" in text or "where" in text.lower() else "no" for text in table["message"]]
    table["broken"] = [int("broke" in text or "damage" in text) for text in table["message"]]
    table["asks"] = [int("?" in text) for text in table["message"]]
    table["words"] = table["message"].str.split().str.len().astype(float)
    table["second"] = table["message"].shift(1, fill_value="hello")
    table.to_csv(root / "table.csv", index=False)
    wanted: dict[str, dict[str, object]] = {
        "late": {"text": "message", "label": "late"},
        "topics": {"text": "message", "label": ["broken", "asks"]},
        "words": {"text": "message", "label": "words", "problem": "regression"},
        "pair": {"text": ["message", "second"], "label": "late"},
    }
    found = {}
    for name, data in wanted.items():
        results = trained(lively, root / name, [LoRA(rank=4, learning_rate=1e-2)], train=root / "table.csv", **data)
        assert results.best()
        found[name] = root / name
    return found


@pytest.fixture(scope="session")
def fleet(intents: Results, others: dict[str, Path]) -> Fleet:
    """The best run of one study and four adapters for other tasks, on one backbone."""
    words = [f"intent={intents.folder}", *(f"{name}={folder}" for name, folder in others.items())]
    return load_fleet(find_sources(words))
