"""Trained models in use: labels and probabilities for new rows."""

from __future__ import annotations

import json
from pathlib import Path

from tunefork.engine import load_artefact
from tunefork.errors import ModelNotFoundError
from tunefork.models import load_image_reader, load_tokenizer
from tunefork.predictor.answers import Answers
from tunefork.predictor.base import Predictor
from tunefork.predictor.images import ImagePredictor
from tunefork.predictor.onnx import OnnxModel
from tunefork.predictor.reading import PictureReader, RowReader, TextReader, logits_of
from tunefork.predictor.texts import TextPredictor

FACTS, ONNX = "tunefork.json", "model.onnx"

__all__ = [
    "Answers",
    "ImagePredictor",
    "PictureReader",
    "Predictor",
    "RowReader",
    "TextPredictor",
    "TextReader",
    "load_model",
    "logits_of",
    "model_folder",
]


def load_model(folder: str | Path) -> Predictor:
    """A trained model from its folder: a run's, one that ``save`` or an export wrote, or a study's (its best run).

    Raises:
        ModelNotFoundError: saying what was looked for.
    """
    path = model_folder(folder)
    known = json.loads((path / FACTS).read_text(encoding="utf-8"))
    model = OnnxModel(path / ONNX) if known.get("kind") == "onnx" else load_artefact(path)
    if known.get("task") == "image-classification":
        return ImagePredictor(model, load_image_reader(str(path)), known)
    return TextPredictor(model, load_tokenizer(str(path)), known)


def model_folder(folder: str | Path) -> Path:
    """The folder with the files of a model: itself, or the best run of a study.

    Raises:
        ModelNotFoundError: saying what was looked for.
    """
    path = Path(folder)
    if (path / "study.db").is_file():
        path = _best_run(path)
    facts = path / FACTS
    if not facts.is_file():
        raise ModelNotFoundError(
            "There is no trained model",
            where=str(folder),
            found="no tunefork.json and no study.db" if path.is_dir() else "no such folder",
            fix="Give a study's folder, one of its runs/ folders, or a folder that save() wrote.",
        )
    return path


def _best_run(folder: Path) -> Path:
    from tunefork.report import summarise
    from tunefork.store import SqliteStore

    store = SqliteStore.open(folder)
    try:
        best = summarise(store).best
        if best is None:
            raise ModelNotFoundError("No run of the study finished", where=str(folder), fix="Run the study again.")
        return store.run_folder(best)
    finally:
        store.close()
