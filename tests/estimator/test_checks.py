"""scikit-learn's own checks of estimators.

They hand over tables of numbers, which this classifier refuses. ``OfNumbers`` writes each row of such a table as a text,
after scikit-learn's own validation of it, so that all else that they check is checked of this classifier: how it is
cloned, fitted, fitted again, pickled, what it leaves alone, what it answers with.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from tunefork import Classifier, Head

SETTINGS: dict[str, Any] = {
    "strategy": Head(learning_rate=0.05),
    "epochs": 4,
    "batch_size": 8,
    "max_length": 24,
    "validation_fraction": 0,
    "precision": "fp32",
}
NUMBERS = "a text is not told apart by the numbers that it writes: a tiny model with random weights does not read them"
EXPECTED = {
    "check_classifiers_train": NUMBERS,
    "check_class_weight_classifiers": NUMBERS,
}
"""What cannot be passed, and why."""


class OfNumbers(Classifier):
    """Reads rows of numbers, written as texts."""

    def fit(self, X: Any, y: Any) -> OfNumbers:
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=False) if y is not None else (X, y)
        return super().fit(_words(X), y)

    def _logits(self, x: Any) -> Any:
        check_is_fitted(self)
        return super()._logits(_words(validate_data(self, x, dtype=np.float64, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False
        tags.input_tags.string = tags.input_tags.three_d_array = False
        return tags


def _words(rows: Any) -> list[str]:
    return [" ".join(f"{value:.1f}" for value in row) for row in rows]


@pytest.fixture(autouse=True)
def _beside_the_model(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_folder.parent)


@parametrize_with_checks([OfNumbers("tiny-bert", **SETTINGS)], expected_failed_checks=lambda _: EXPECTED, xfail_strict=True)
def test_rows_of_numbers_as_texts(estimator: OfNumbers, check: Callable[[Any], None]) -> None:
    check(estimator)
