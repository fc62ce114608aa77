"""Text models in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tunefork.data import encode
from tunefork.data.blanks import blank
from tunefork.engine import model_inputs
from tunefork.errors import ColumnError, DataError
from tunefork.predictor.base import Predictor


class TextPredictor(Predictor):
    """A trained text model with its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
        super().__init__(model, facts)
        self.tokenizer = tokenizer

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column, or two of them."""
        return tuple(self.facts["text"])

    def logits(self, texts: Sequence[tuple[str, ...]], batch_size: int = 64) -> np.ndarray:
        """[N, classes] for texts given as tuples of one or two strings, in fp32."""
        encoded = encode(texts, self.tokenizer, self.facts["max_length"], self.facts["truncation"])
        found = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        by_length = np.argsort(-encoded.lengths, kind="stable")
        with torch.no_grad():
            for at in range(0, len(texts), batch_size):
                rows = by_length[at : at + batch_size]
                batch = model_inputs(encoded, rows, self.tokenizer.pad_token_id, self.model.device)
                found[rows] = self.model(**batch).logits.float().cpu().numpy()
        return found

    def _logits(self, rows: Any) -> np.ndarray:
        return self.logits(self._texts(rows))

    def _texts(self, rows: Any) -> list[tuple[str, ...]]:
        import pandas as pd

        if isinstance(rows, str):
            raise ColumnError("predict takes a list of texts", found="one text", fix="Write predict([text]).")
        if not isinstance(rows, pd.DataFrame):
            return self._checked([(row,) if isinstance(row, str) or row is None else tuple(row) for row in rows])
        return self._checked([tuple(row) for row in rows[list(self.columns)].itertuples(index=False)])

    def _checked(self, texts: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
        """Texts as the model was trained on: as many parts, none of them empty."""
        parts = len(self.columns)
        for number, row in enumerate(texts):
            if len(row) != parts:
                raise DataError(
                    f"The model reads {parts} text{'s' if parts > 1 else ''} a row",
                    where=f"row {number + 1}",
                    found=str(len(row)),
                    fix=f"Give {', '.join(self.columns)}.",
                )
            if any(not isinstance(part, str) or blank(part) for part in row):
                raise DataError(
                    "A text is missing or empty",
                    where=f"row {number + 1}",
                    found=repr(row)[:80],
                    fix="Fill it in, or leave it out.",
                )
        return [tuple(row) for row in texts]
