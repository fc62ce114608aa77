"""Image models in use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefork.errors import ColumnError
from tunefork.models import ImageReader
from tunefork.predictor.base import Predictor
from tunefork.predictor.reading import PictureReader


class ImagePredictor(Predictor):
    """A trained image model with its image processor."""

    def __init__(self, model: Any, images: ImageReader, facts: dict[str, Any]) -> None:
        super().__init__(model, facts, PictureReader(images, facts), 0)

    def _rows(self, rows: Any) -> Sequence[Any]:
        import pandas as pd

        if isinstance(rows, str | bytes | Path):
            raise ColumnError("predict takes a list of pictures", found="one", fix="Write predict([picture]).")
        return rows[self.columns[0]].tolist() if isinstance(rows, pd.DataFrame) else list(rows)
