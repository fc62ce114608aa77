"""scikit-learn's own checks of estimators.

They hand over tables of numbers, which this classifier refuses. ``OfNumbers`` writes each row of such a table as a
text, behind scikit-learn's own validation of it. So all else is checked of this classifier: how it is cloned, fitted,
fitted again and pickled, what it leaves alone, what it answers with.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from tunefork import Classifier, Full

SETTINGS: dict[str, Any] = {
    "strategy": Full(learning_rate=3e-3),
    "epochs": 6,
    "batch_size": 8,
    "max_length": 24,
    "validation_fraction": 0,
    "precision": "fp32",
}
COLUMNS, SIZES = "abcdefghijklm", "nopqrstuvwxyz"
EXPECTED: dict[str, str] = {}
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
    """Each value, in halves, as a letter for its column and one for its size: words that a small model tells apart."""
    return [" ".join(f"{COLUMNS[place % 13]} {SIZES[_size(value)]}" for place, value in enumerate(row)) for row in rows]


def _size(value: float) -> int:
    return min(len(SIZES) - 1, max(0, round(2 * value) + len(SIZES) // 2))


@pytest.fixture(autouse=True)
def _beside_the_model(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_folder.parent)


@parametrize_with_checks(
    [OfNumbers("tiny-bert", **SETTINGS)], expected_failed_checks=lambda _: EXPECTED, xfail_strict=True
)
def test_rows_of_numbers_as_texts(estimator: OfNumbers, check: Callable[[Any], None]) -> None:
    check(estimator)
