"""Trained models in use: labels and probabilities for new rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tunefork import metrics
from tunefork.data import encode
from tunefork.engine import load_artefact
from tunefork.engine.batches import collate
from tunefork.engine.precision import best_device
from tunefork.errors import ColumnError, DataError, ModelNotFoundError, nearest
from tunefork.models import load_tokenizer

if TYPE_CHECKING:
    import pandas as pd


class Predictor:
    """A trained model with its tokenizer and label names, computing in fp32.

    Get one from ``load_model``.
    """

    def __init__(self, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
        self.model, self.tokenizer, self.facts = model.to(best_device()), tokenizer, facts
        self.labels: tuple[str, ...] = tuple(facts["labels"])

    def logits(self, texts: Sequence[tuple[str, ...]], batch_size: int = 64) -> np.ndarray:
        """[N, classes] for texts given as tuples of one or two strings, in fp32."""
        encoded = encode(texts, self.tokenizer, self.facts["max_length"], self.facts["truncation"])
        found = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        by_length = np.argsort(-encoded.lengths, kind="stable")
        with torch.no_grad():
            for at in range(0, len(texts), batch_size):
                rows = by_length[at : at + batch_size]
                batch, _ = collate(encoded, [rows], self.tokenizer.pad_token_id, self.model.device)
                found[rows] = self.model(**batch).logits.float().cpu().numpy()
        return found

    def predict(self, rows: Sequence[str] | Sequence[tuple[str, ...]] | pd.DataFrame) -> pd.DataFrame:
        """Labels and probabilities.

        Args:
            rows: texts, pairs of texts, or a DataFrame with the columns the model was trained on.

        Returns:
            The DataFrame's own columns (if one was given), ``prediction``, and ``p_LABEL`` for every label.

        Raises:
            ColumnError: the DataFrame lacks a text column.
        """
        import pandas as pd

        frame = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(index=range(len(rows)))
        texts = self._texts(rows)
        probabilities = metrics.softmax(self.logits(texts)) if texts else np.empty((0, len(self.labels)))
        frame["prediction"] = [self.labels[number] for number in probabilities.argmax(axis=1)]
        for number, label in enumerate(self.labels):
            frame[f"p_{label}"] = probabilities[:, number]
        return frame

    def _texts(self, rows: Any) -> list[tuple[str, ...]]:
        import pandas as pd

        if isinstance(rows, str):
            raise ColumnError("predict takes a list of texts", found="one text", fix="Write predict([text]).")
        columns = self.facts["text"]
        if not isinstance(rows, pd.DataFrame):
            return self._checked([(row,) if isinstance(row, str) or row is None else tuple(row) for row in rows])
        missing = [column for column in columns if column not in rows.columns]
        if missing:
            near = nearest(missing[0], [str(column) for column in rows.columns])
            raise ColumnError(
                f"There is no column '{missing[0]}'",
                where="the rows to predict",
                found=f"columns {', '.join(map(str, rows.columns))}",
                fix=f"Rename '{near[0]}'." if near else f"The model reads {', '.join(columns)}.",
            )
        return self._checked([tuple(row) for row in rows[columns].itertuples(index=False)])

    def _checked(self, texts: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
        """Texts as the model was trained on: as many parts, none of them empty."""
        parts = len(self.facts["text"])
        for number, row in enumerate(texts):
            if len(row) != parts:
                raise DataError(
                    f"The model reads {parts} text{'s' if parts > 1 else ''} a row",
                    where=f"row {number + 1}",
                    found=str(len(row)),
                    fix=f"Give {', '.join(self.facts['text'])}.",
                )
            if any(not isinstance(part, str) or not part.strip() for part in row):
                raise DataError(
                    "A text is missing or empty",
                    where=f"row {number + 1}",
                    found=repr(row)[:80],
                    fix="Fill it in, or leave it out.",
                )
        return [tuple(row) for row in texts]


def load_model(folder: str | Path) -> Predictor:
    """A trained model from its folder: a run's, one that ``save`` wrote, or a study's (its best run).

    Raises:
        ModelNotFoundError: saying what was looked for.
    """
    path = Path(folder)
    if (path / "study.db").is_file():
        path = _best_run(path)
    facts = path / "tunefork.json"
    if not facts.is_file():
        raise ModelNotFoundError(
            "There is no trained model",
            where=str(folder),
            found="no tunefork.json and no study.db" if path.is_dir() else "no such folder",
            fix="Give a study's folder, one of its runs/ folders, or a folder that save() wrote.",
        )
    return Predictor(load_artefact(path), load_tokenizer(str(path)), json.loads(facts.read_text(encoding="utf-8")))


def _best_run(folder: Path) -> Path:
    from tunefork.report import to_json
    from tunefork.store import SqliteStore

    store = SqliteStore.open(folder)
    try:
        best = to_json(store)["best"]
        if best is None:
            raise ModelNotFoundError("No run of the study finished", where=str(folder), fix="Run the study again.")
        return store.run_folder(best)
    finally:
        store.close()
