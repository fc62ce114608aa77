"""An export, asked in a process of its own: what it answers to held-out rows has to be what the run answers.

``python -m tunefork.export.rescoring FOLDER ROWS OUT`` loads the model in FOLDER, reads ROWS (a JSON list of texts, or
a folder of pictures in the order of their names), and writes logits [N, labels] to OUT as NumPy does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.errors import ArtefactError
from tunefork.predictor import ImagePredictor, Predictor, TextPredictor, load_model
from tunefork.problem import answers_of, right

MOST = 256
"""Rows that are asked at most."""
TOLERANCES = {"peft": 1e-4, "merged": 1e-4, "onnx": 1e-3}
"""How far logits may be apart, each beside as large a share of the number itself. Merging rounds anew; ONNX's operators
sum in another order."""


@dataclass(frozen=True)
class Rescored:
    """An export that answers as its run does."""

    rows: int
    difference: float
    """The largest between two logits."""
    tolerance: float
    agreeing: float | None
    """The share of rows with the same answer; None for numbers."""
    right: float | None
    """The share of rows that the export is right on, of rows that have one class each; None for others."""


def rescore(run: Path, target: Path, form: str, rows: Sequence[Any], labels: NDArray[Any] | None) -> Rescored:
    """Compare an export with its run, each loaded from its files, the export in a fresh process.

    Args:
        run: the run's folder.
        target: the export's.
        form: its format.
        rows: texts as tuples, or Pillow images.
        labels: [N] classes of the rows; None where they have something else.

    Raises:
        ArtefactError: the export cannot be used, or answers otherwise.
    """
    ours = load_model(run)
    expected = _logits(ours, rows)
    with tempfile.TemporaryDirectory() as folder:
        found = _elsewhere(target, _written(rows, Path(folder)), Path(folder) / "logits.npy")
    numbers = ours.problem == "regression"
    unit = max(1.0, float(np.abs(expected).max())) if numbers else 1.0  # numbers have a unit, logits have none
    tolerance = TOLERANCES[form] * unit
    apart = np.abs(found - expected) if found.shape == expected.shape else np.full(1, np.inf)
    if not bool((apart <= tolerance + TOLERANCES[form] * np.abs(expected)).all()):
        raise ArtefactError(
            "The export does not answer as the run does, and is not kept",
            where=str(target),
            found=f"logits up to {float(apart.max()):.3g} apart on {len(rows)} rows; {tolerance:g} is allowed",
            fix="Please report this, with the model's name and the versions that tunefork doctor lists.",
        )
    same = None if numbers else float(right(answers_of(found, ours.problem), answers_of(expected, ours.problem)).mean())
    correct = None if labels is None else float(right(answers_of(found, ours.problem), labels).mean())
    return Rescored(len(rows), float(apart.max()), tolerance, same, correct)


def _logits(model: Predictor, rows: Sequence[Any]) -> NDArray[np.float32]:
    assert isinstance(model, TextPredictor | ImagePredictor)
    return model.logits(list(rows))


def _written(rows: Sequence[Any], folder: Path) -> Path:
    if isinstance(rows[0], tuple):
        place = folder / "rows.json"
        place.write_text(json.dumps(list(rows)), encoding="utf-8")
        return place
    place = folder / "pictures"
    place.mkdir()
    for number, picture in enumerate(rows):
        picture.save(place / f"{number:06d}.png")
    return place


def _elsewhere(target: Path, rows: Path, out: Path) -> NDArray[np.float32]:
    command = [sys.executable, "-m", "tunefork.export.rescoring", str(target), str(rows), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ArtefactError(
            "The export cannot be loaded in a fresh process, and is not kept",
            where=str(target),
            found=lines[-1][:300] if lines else f"exit status {done.returncode}",
            fix="Please report this, with the model's name and the versions that tunefork doctor lists.",
        )
    found: NDArray[np.float32] = np.load(out)
    return found


def main(words: Sequence[str]) -> None:
    """Answer rows with a model."""
    folder, rows, out = map(Path, words)
    if rows.is_dir():
        given: list[Any] = sorted(rows.iterdir())
    else:
        given = [tuple(each) for each in json.loads(rows.read_text(encoding="utf-8"))]
    np.save(out, _logits(load_model(folder), given))


if __name__ == "__main__":
    main(sys.argv[1:])
