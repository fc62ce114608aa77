"""Image models in use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tunefork.data import ImageSplit, read_pictures
from tunefork.engine import model_inputs
from tunefork.errors import ColumnError
from tunefork.models import ImageReader
from tunefork.predictor.base import Predictor


class ImagePredictor(Predictor):
    """A trained image model with its image processor."""

    def __init__(self, model: Any, reader: ImageReader, facts: dict[str, Any]) -> None:
        super().__init__(model, facts)
        self.reader = reader

    @property
    def columns(self) -> tuple[str, ...]:
        """The column with pictures."""
        return (self.facts["image"],)

    def logits(self, pictures: Sequence[Any], batch_size: int = 64) -> np.ndarray:
        """[N, classes] for pictures: paths, bytes, Pillow images or arrays.

        Raises:
            DataError: pictures that cannot be read.
        """
        split = ImageSplit(
            labels=np.full(len(pictures), -1),
            ids=tuple(map(str, range(len(pictures)))),
            lengths=np.ones(len(pictures), dtype=np.int64),
            pixels=read_pictures(pictures, self.reader),
            places=np.arange(len(pictures)),
            gain=self.reader.gain,
            offset=self.reader.offset,
            interpolate=self.facts["interpolate"],
        )
        found = np.empty((len(pictures), len(self.labels)), dtype=np.float32)
        with torch.no_grad():
            for at in range(0, len(pictures), batch_size):
                rows = np.arange(at, min(at + batch_size, len(pictures)))
                batch = model_inputs(split, rows, 0, self.model.device)
                found[rows] = self.model(**batch).logits.float().cpu().numpy()
        return found

    def _logits(self, rows: Any) -> np.ndarray:
        import pandas as pd

        if isinstance(rows, str | bytes | Path):
            raise ColumnError("predict takes a list of pictures", found="one", fix="Write predict([picture]).")
        return self.logits(rows[self.columns[0]].tolist() if isinstance(rows, pd.DataFrame) else list(rows))
