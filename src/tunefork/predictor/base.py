"""What all predictors do: logits → labels and probabilities, or numbers, beside the rows they belong to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tunefork.engine.precision import best_device
from tunefork.errors import ColumnError, nearest
from tunefork.predictor.answers import Answers
from tunefork.predictor.reading import RowReader, logits_of
from tunefork.problem import Problem

if TYPE_CHECKING:
    import pandas as pd


class Predictor(ABC):
    """A trained model with its label names, computing in fp32. Get one from ``load_model``."""

    def __init__(self, model: Any, facts: dict[str, Any], reader: RowReader, pad_id: int) -> None:
        self.model, self.facts, self.reader, self._pad_id = model.to(best_device()), facts, reader, pad_id
        self.answers = Answers(facts)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names; of a regression the one name of the number."""
        return self.answers.labels

    @property
    def temperature(self) -> float | None:
        """What logits are divided by for calibrated probabilities; None where the study fitted none."""
        return self.answers.temperature

    @property
    def problem(self) -> Problem:
        """What a row's label is."""
        return self.answers.problem

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that the model reads."""
        return self.reader.columns

    def logits(self, rows: Sequence[Any], batch_size: int = 64) -> np.ndarray:
        """[N, classes] in fp32, for N texts, given as tuples of one or two, or pictures (paths, bytes, images, arrays).

        Raises:
            DataError: pictures that cannot be read.
        """
        return logits_of(self.model, self.reader.encode(rows), len(self.labels), self._pad_id, batch_size)

    @abstractmethod
    def _rows(self, rows: Any) -> Sequence[Any]:
        """What ``predict`` takes as a list of rows."""

    def predict(self, rows: Any, calibrated: bool = True) -> pd.DataFrame:
        """Labels and probabilities.

        Args:
            rows: texts or pairs of texts; pictures (paths, bytes, Pillow images or arrays); or a DataFrame with the
                columns the model was trained on.
            calibrated: divide logits by ``temperature``, where there is one, so that of rows given 80 % about 80 in 100
                are right; labels are the same either way.

        Returns:
            The DataFrame's own columns (if one was given), ``prediction``, and ``p_LABEL`` for every label. Where rows
            have several labels, a prediction is a list of those whose probability is above one half, in the labels'
            order; of a regression it is a number, and there are no probabilities.

        Raises:
            ColumnError: the DataFrame lacks a column.
            DataError: a row that cannot be used.
        """
        import pandas as pd

        frame = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(index=range(len(rows)))
        if isinstance(rows, pd.DataFrame):
            self._check_columns(rows)
        given = self.reader.checked(self._rows(rows)) if len(frame) else []
        logits = self.logits(given) if given else np.empty((0, len(self.labels)))
        frame["prediction"] = self.answers.told(logits)
        probabilities = self.answers.probabilities(logits, calibrated)
        if probabilities is None:
            return frame
        for number, label in enumerate(self.labels):
            frame[f"p_{label}"] = probabilities[:, number]
        return frame

    def _check_columns(self, rows: pd.DataFrame) -> None:
        missing = [column for column in self.columns if column not in rows.columns]
        if missing:
            near = nearest(missing[0], [str(column) for column in rows.columns])
            raise ColumnError(
                f"There is no column '{missing[0]}'",
                where="the rows to predict",
                found=f"columns {', '.join(map(str, rows.columns))}",
                fix=f"Rename '{near[0]}'." if near else f"The model reads {', '.join(self.columns)}.",
            )
