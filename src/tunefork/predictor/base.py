"""What all predictors do: logits → labels and probabilities, or numbers, beside the rows they belong to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tunefork import metrics
from tunefork.engine.precision import best_device
from tunefork.errors import ColumnError, nearest
from tunefork.problem import Labels, Problem, answers_of

if TYPE_CHECKING:
    import pandas as pd


class Predictor(ABC):
    """A trained model with its label names, computing in fp32. Get one from ``load_model``."""

    def __init__(self, model: Any, facts: dict[str, Any]) -> None:
        self.model, self.facts = model.to(best_device()), facts
        self.labels: tuple[str, ...] = tuple(facts["labels"])
        self.temperature: float | None = facts.get("temperature")
        """What logits are divided by for calibrated probabilities; None where the study fitted none."""
        self.problem: Problem = facts.get("problem", "single_label")
        """What a row's label is."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that the model reads."""

    @abstractmethod
    def logits(self, rows: Sequence[Any], batch_size: int = 64) -> np.ndarray:
        """[N, classes] for N texts, given as tuples of one or two, or N pictures, in fp32."""

    @abstractmethod
    def _logits(self, rows: Any) -> np.ndarray:
        """[N, classes] for rows as ``predict`` takes them, in fp32."""

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
        logits = self._logits(rows) if len(frame) else np.empty((0, len(self.labels)))
        frame["prediction"] = self._told(answers_of(logits, self.problem))
        if self.problem == "regression":
            return frame
        probabilities = metrics.probabilities(logits, self.problem, self.temperature if calibrated else None)
        for number, label in enumerate(self.labels):
            frame[f"p_{label}"] = probabilities[:, number]
        return frame

    def _told(self, answers: Labels) -> list[Any]:
        """Answers as a user reads them."""
        if self.problem == "multi_label":
            return [[label for label, has in zip(self.labels, row) if has] for row in answers]
        return [float(each) if self.problem == "regression" else self.labels[each] for each in answers]

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
