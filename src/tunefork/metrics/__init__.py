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
from tunefork.metrics.classification import (
    ClassScore,
    Metrics,
    auroc,
    confusion,
    majority,
    per_class,
    score,
)
from tunefork.metrics.own import OwnMetric, described, evaluated, own_metrics, try_on

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
    "reliability",
    "score",
    "softmax",
    "try_on",
]
