"""Small DataFrames and what is asked of their splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tunefork.config import DataConfig
from tunefork.data import Splits, load_splits


def frame(labels: str, word: str = "row", **columns: list[object]) -> pd.DataFrame:
    """One row per letter; the letter is its label."""
    return pd.DataFrame({"text": [f"{word} {row}" for row in range(len(labels))], "label": list(labels), **columns})


def load(
    train: pd.DataFrame, validation: pd.DataFrame | None = None, test: pd.DataFrame | None = None, **config: object
) -> Splits:
    frames = {"train": train, "validation": validation, "test": test}
    config = {"train": "-", "text": "text", "label": "label"} | config
    return load_splits(DataConfig(**config), frames={name: rows for name, rows in frames.items() if rows is not None})


def refused(kind: type[Exception], *frames: pd.DataFrame | None, **config: object) -> Exception:
    with pytest.raises(kind) as caught:
        load(*frames, **config)
    return caught.value


def per_class(splits: Splits) -> list[list[int]]:
    return [np.bincount(split.labels, minlength=len(splits.labels)).tolist() for split in splits.present()]
