"""Text models in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunefork.errors import ColumnError
from tunefork.predictor.base import Predictor
from tunefork.predictor.reading import TextReader


class TextPredictor(Predictor):
    """A trained text model with its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
        super().__init__(model, facts, TextReader(tokenizer, facts), tokenizer.pad_token_id)
        self.tokenizer = tokenizer

    def _rows(self, rows: Any) -> Sequence[Any]:
        import pandas as pd

        if isinstance(rows, str):
            raise ColumnError("predict takes a list of texts", found="one text", fix="Write predict([text]).")
        if isinstance(rows, pd.DataFrame):
            return [tuple(row) for row in rows[list(self.columns)].itertuples(index=False)]
        return list(rows)
