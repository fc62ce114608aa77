"""Trained models that answer one row: loaded when somebody asks them, kept as long as there is room."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tunefork.errors import StoreError

MOST = 12
"""Models that are kept at most."""
MEMORY = 2 * 2**30
"""Bytes of weights that are kept at most; the model that was asked last is kept whatever it has."""
FACTS = "tunefork.json"
"""In a run's folder once its model is saved."""
Row = tuple[str, ...] | bytes
"""One row: its texts, as many as the model reads, or a picture's file."""


@dataclass(frozen=True)
class Said:
    """What a model says of one row."""

    answer: str | list[str] | float
    """A label, labels, or a number."""
    chances: tuple[tuple[str, float], ...] = ()
    """Every label with its probability (0–1), calibrated where the run has a temperature, in the study's order."""
    calibrated: bool = False


class Model(Protocol):
    """A model that can be asked."""

    @property
    def size(self) -> int:
        """Bytes of its weights."""

    def say(self, row: Row) -> Said:
        """What it says of one row. Raises DataError where it cannot read it."""


class PredictorModel:
    """A run's saved model, as ``load_model`` gives it.

    Args:
        folder: the run's.

    Raises:
        ModelNotFoundError: there is no saved model.
    """

    def __init__(self, folder: Path) -> None:
        from tunefork.predictor import load_model  # which takes seconds to import

        self._predictor = load_model(folder)

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        weights: Any = getattr(self._predictor.model, "parameters", tuple)()  # an ONNX file has none
        return sum(each.numel() * each.element_size() for each in weights)

    def say(self, row: Row) -> Said:
        """What it says of one row."""
        found = self._predictor.predict([row])
        told = found["prediction"].iloc[0]
        names = self._predictor.labels
        chances = found.drop(columns="prediction").to_numpy(dtype=np.float64)
        shown = tuple(zip(names, map(float, chances[0]))) if chances.shape[1] == len(names) else ()
        answer: Any = float(told) if self._predictor.problem == "regression" else told
        return Said(answer, shown, bool(shown) and self._predictor.temperature is not None)


@dataclass(frozen=True)
class Reply:
    """An answer, and what it took."""

    said: Said
    loading: float
    """Seconds; 0 where the model was there already."""
    answering: float
    """Seconds."""


class Playground:
    """Asks models; it is for one thread.

    Args:
        load: gives the model of a run's folder.
        most: models that are kept.
        memory: bytes of weights that are kept.
    """

    def __init__(self, load: Callable[[Path], Model] = PredictorModel, most: int = MOST, memory: int = MEMORY) -> None:
        self._load, self._most, self._memory = load, most, memory
        self._models: OrderedDict[tuple[Path, int], Model] = OrderedDict()

    def ask(self, folder: Path, row: Row) -> Reply:
        """What the model in a run's folder says of a row.

        Raises:
            StoreError: the run has no model.
            DataError: the row is not one that the model reads.
        """
        began = time.perf_counter()
        model, fresh = self._model(folder)
        loaded = time.perf_counter()
        said = model.say(row)
        return Reply(said, loaded - began if fresh else 0.0, time.perf_counter() - loaded)

    def loaded(self, folder: Path) -> bool:
        """Whether a run's model is there already."""
        return _key(folder) in self._models

    def _model(self, folder: Path) -> tuple[Model, bool]:
        key = _key(folder)
        fresh = key not in self._models
        if fresh:
            if not key[1]:
                raise StoreError("The run has no model", where=folder.name, fix="Ask one that has finished.")
            self._models[key] = self._load(folder)
        self._models.move_to_end(key)
        while len(self._models) > 1 and (len(self._models) > self._most or self._kept > self._memory):
            self._models.popitem(last=False)
        return self._models[key], fresh

    @property
    def _kept(self) -> int:
        return sum(model.size for model in self._models.values())


def _key(folder: Path) -> tuple[Path, int]:
    """Another one where the run was trained again."""
    facts = folder / FACTS
    return folder, facts.stat().st_mtime_ns if facts.is_file() else 0
