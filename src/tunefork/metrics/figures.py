"""The figures of one evaluation, whatever its labels are."""

from __future__ import annotations

import math
from dataclasses import dataclass

OTHERS = (
    *("weighted_f1", "mcc", "auroc", "ece", "brier"),
    *("micro_f1", "rmse", "mae", "r2", "pearson", "spearman"),
)
"""All but loss, accuracy, macro F1 and F1."""


@dataclass(frozen=True)
class Metrics:
    """The figures of one evaluation; NaN where these rows do not have one."""

    loss: float
    """Mean cross-entropy in nats, of several labels over rows and labels; of numbers the mean squared error."""
    accuracy: float = math.nan
    """Of several labels the share of rows of which all are right; NaN of numbers."""
    macro_f1: float = math.nan
    """The mean of the classes' (the labels') F1; one that has no row and is never said counts 0. NaN of numbers."""
    f1: float | None = None
    """F1 of the second class when there are two; None otherwise."""
    weighted_f1: float = math.nan
    """The classes' F1, weighted by their true rows."""
    mcc: float = math.nan
    """Matthews' correlation, −1 to 1; 0 where one class only is said, NaN where one class only is there."""
    auroc: float = math.nan
    """Area under the ROC curve: of the second of two classes, else the mean over classes of each against the rest. NaN
    where a class has no row."""
    ece: float = math.nan
    """Expected calibration error, 0 to 1: see ``calibration_error``."""
    brier: float = math.nan
    """Mean squared error of the probabilities: of the second of two classes (0 to 1), else summed over classes (0 to
    2), as scikit-learn has it."""

    micro_f1: float = math.nan
    """Of several labels: F1 over all decisions, 2 TP / (2 TP + FP + FN)."""
    rmse: float = math.nan
    """Of numbers: the root of the mean squared error, in their own unit."""
    mae: float = math.nan
    """Of numbers: the mean absolute error, in their own unit."""
    r2: float = math.nan
    """Of numbers: 1 − squared error / squared distance from their mean; 0 for who always answers that mean."""
    pearson: float = math.nan
    """Of numbers: their linear correlation with the answers; NaN where either are all alike."""
    spearman: float = math.nan
    """Of numbers: the correlation of their ranks with those of the answers."""

    @property
    def others(self) -> dict[str, float]:
        """Beside loss, accuracy, macro F1 and F1: what is known, by name. Stores keep it so."""
        return {name: value for name in OTHERS if math.isfinite(value := getattr(self, name))}

    @property
    def known(self) -> dict[str, float]:
        """All that is known, by name."""
        first = {"loss": self.loss, "accuracy": self.accuracy, "macro_f1": self.macro_f1, "f1": self.f1}
        return {
            name: value for name, value in first.items() if value is not None and math.isfinite(value)
        } | self.others
