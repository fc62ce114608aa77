"""What a report shows of each problem, and what it calls things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tunefork.problem import Problem


@dataclass(frozen=True)
class Kind:
    """One problem as a report tells it."""

    metrics: tuple[str, ...]
    """All that is recorded of an evaluation, in the order of telling."""
    wide: tuple[str, ...]
    """Columns of the table on the page."""
    narrow: tuple[str, ...]
    """Columns of the table in the terminal, where 100 characters have to do."""
    bars: tuple[str, str]
    """The two that are drawn of every configuration; the first is drawn against the step, too."""
    always: tuple[str, ...]
    """What is told of every evaluation even where it is not known."""
    course: tuple[str, ...]
    """Beside the loss, what is told of each validation of a run."""
    known: tuple[str, ...]
    """Whose variance over seeds is known beside the judged metric's: those with an interval somewhere."""
    floor: str
    """The line of the table for what answers without looking."""
    floored: str
    """The same in a sentence."""
    mistaken: str
    """What is shown of a mistake."""
    unknown: str
    """What is so of test rows on which a metric is not known that was asked for."""
    part: str = ""
    """What scores, precision and recall are told of: each class, or each label."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What metrics are called where that is not their usual name."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """The same above a column, without a unit."""
    meanings: tuple[tuple[str, str], ...] = ()
    """What its metrics mean, for readers who know those of classification."""


KINDS: dict[Problem, Kind] = {
    "single_label": Kind(
        metrics=("loss", "accuracy", "macro_f1", "f1", "weighted_f1", "mcc", "auroc", "ece", "brier"),
        wide=("loss", "accuracy", "macro_f1", "f1"),
        narrow=("loss", "accuracy", "macro_f1", "f1"),
        bars=("accuracy", "macro_f1"),
        always=("loss", "accuracy", "macro_f1"),
        course=("accuracy", "macro_f1"),
        known=("accuracy", "macro_f1"),
        floor="majority class",
        floored="always answering the most frequent label",
        mistaken="what a row is, what it was taken for, and how sure the model was.",
        unknown="a class has none",
        part="class",
    ),
    "multi_label": Kind(
        metrics=("loss", "accuracy", "micro_f1", "macro_f1", "weighted_f1", "auroc"),
        wide=("loss", "accuracy", "micro_f1", "macro_f1", "weighted_f1", "auroc"),
        narrow=("accuracy", "micro_f1", "macro_f1"),
        bars=("micro_f1", "macro_f1"),
        always=("loss", "accuracy", "micro_f1", "macro_f1"),
        course=("accuracy", "micro_f1", "macro_f1"),
        known=("accuracy", "micro_f1", "macro_f1"),
        floor="most frequent answer per label",
        floored="the most frequent answer per label",
        mistaken="the labels of a row, the labels that it was given, and the loss of that answer.",
        unknown="a label is in no row or in all",
        part="label",
        names={"accuracy": "whole-row accuracy"},
        headings={"accuracy": "all right"},
        meanings=(
            ("micro F1", "F1 of all labels of all rows together; frequent labels count most."),
            ("macro F1", "The mean of the labels' F1; all labels count alike."),
            ("weighted F1", "The mean of the labels' F1, each weighted by its true rows."),
            ("whole-row accuracy", "The share of rows of which all labels are right: none missed, none given wrongly."),
            ("AUROC", "The mean over labels: how likely a row with the label is ranked above one without."),
            ("loss", "Binary cross-entropy in nats, the mean over rows and labels."),
        ),
    ),
    "regression": Kind(
        metrics=("r2", "rmse", "mae", "pearson", "spearman", "loss"),
        wide=("r2", "rmse", "mae", "pearson", "spearman", "loss"),
        narrow=("r2", "rmse", "mae"),
        bars=("r2", "pearson"),
        always=("r2", "rmse", "mae", "loss"),
        course=("r2", "rmse", "mae"),
        known=("r2", "pearson"),
        floor="mean of training",
        floored="always answering the mean of the training labels",
        mistaken="the number of a row, the number that was answered, and the error: the answer minus the number.",
        unknown="all numbers are the same, or all answers of a run",
        headings={"loss": "MSE"},
        meanings=(
            (
                "R²",
                "The share of the labels' variance that the answers explain. 1: all right; 0: as good as always "
                "answering the mean of the test labels; below 0: worse than that. A point of R² is 0.01.",
            ),
            ("RMSE", "The root of the mean squared error, in the label's unit; large errors count most."),
            ("MAE", "The mean absolute error, in the label's unit."),
            ("Pearson r", "The correlation of answers and labels; it does not mind answers that are all too high."),
            ("Spearman ρ", "The correlation of their ranks: whether the order is right."),
            ("loss, MSE", "The mean squared error, in the square of the label's unit."),
            (
                "points of RMSE and MAE",
                "One hundredth of the standard deviation of the test labels, so that a margin of 1 point matters alike "
                "whatever the unit is. Differences are told in the label's unit.",
            ),
        ),
    ),
}
