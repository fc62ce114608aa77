"""NumPy in, numbers out: what an evaluation is worth. scikit-learn computes what it can."""

from tunefork.metrics.calibration import (
    BINS,
    Bin,
    calibration_error,
    error_of,
    fit_temperature,
    log_loss,
    reliability,
    softmax,
)
from tunefork.metrics.classification import ClassScore, auroc, confusion, per_class
from tunefork.metrics.figures import Metrics
from tunefork.metrics.multi_label import sigmoid
from tunefork.metrics.own import OwnMetric, described, evaluated, own_metrics, try_on
from tunefork.metrics.scoring import majority, probabilities, score

__all__ = [
    "BINS",
    "Bin",
    "ClassScore",
    "Metrics",
    "OwnMetric",
    "auroc",
    "calibration_error",
    "confusion",
    "described",
    "error_of",
    "evaluated",
    "fit_temperature",
    "log_loss",
    "majority",
    "own_metrics",
    "per_class",
    "probabilities",
    "reliability",
    "score",
    "sigmoid",
    "softmax",
    "try_on",
]
