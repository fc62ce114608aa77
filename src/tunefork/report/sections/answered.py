"""What a run answered on test, counted: by class, by label, or as errors of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunefork import metrics
from tunefork.report.measures import class_scores
from tunefork.report.run_summary import Answers, RunSummary
from tunefork.report.summary import Summary
from tunefork.report.wording import percent

CLASSES = 12
"""Largest confusion matrix that is shown whole; of more classes, the pairs that are confused most."""
QUANTILES = ((0.0, "lowest"), (0.05, "5 %"), (0.25, "25 %"), (0.5, "median"), (0.75, "75 %"), (0.95, "95 %"),
             (1.0, "highest"))  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A count of the confusion matrix and how dark it is shown (0–1, the share of its true class)."""

    count: int
    shade: float
    right: bool


@dataclass(frozen=True)
class Answered:
    """All that is counted; what the problem has not is empty."""

    confusion: tuple[tuple[Cell, ...], ...] = ()
    confused: tuple[tuple[str, str, int], ...] = ()
    """True class, predicted class, count; instead of the matrix where there are many classes."""
    scores: tuple[tuple[str, ...], ...] = ()
    """Per class or label: its name, precision, recall, F1, support."""
    counts: tuple[tuple[str, ...], ...] = ()
    """Per label: its name, and rows in which it was given rightly, given wrongly, missed, rightly not given."""
    errors: tuple[tuple[str, str], ...] = ()
    """Mean and quantiles of the answer minus the number."""


def answered(run: RunSummary, summary: Summary) -> Answered:
    """What a run answered; everything is empty where it was not tested."""
    if run.answers is None or not len(run.answers.labels):
        return Answered()
    if run.problem == "regression":
        return Answered(errors=_errors(run.answers, summary))
    scores = tuple(
        (one.label, percent(one.precision), percent(one.recall), percent(one.f1), f"{one.support:,}")
        for one in class_scores(run, summary)
    )
    if run.problem == "multi_label":
        return Answered(scores=scores, counts=_counts(run.answers, summary.study.labels))
    return _of_classes(run.answers, summary.study.labels, scores)


def _of_classes(answers: Answers, labels: tuple[str, ...], scores: tuple[tuple[str, ...], ...]) -> Answered:
    counts = metrics.confusion(answers.predicted, answers.labels, len(labels))
    if len(labels) <= CLASSES:
        totals = counts.sum(axis=1)
        matrix = tuple(
            tuple(
                Cell(int(count), round(float(count) / max(1, int(totals[row])), 2), row == column)
                for column, count in enumerate(line)
            )
            for row, line in enumerate(counts)
        )
        return Answered(confusion=matrix, scores=scores)
    wrong = [
        (int(counts[row, column]), row, column) for row, column in zip(*counts.nonzero(), strict=True) if row != column
    ]
    worst = sorted(wrong, key=lambda pair: (-pair[0], pair[1:]))[:15]
    return Answered(confused=tuple((labels[row], labels[column], count) for count, row, column in worst), scores=scores)


def _counts(answers: Answers, labels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    true, said = answers.labels > 0, answers.predicted > 0
    each = [(true & said), (~true & said), (true & ~said), (~true & ~said)]
    sums = np.stack([one.sum(axis=0) for one in each], axis=1)
    return tuple((name, *(f"{int(count):,}" for count in line)) for name, line in zip(labels, sums))


def _errors(answers: Answers, summary: Summary) -> tuple[tuple[str, str], ...]:
    errors, units = answers.predicted - answers.labels, summary.units
    ends = np.quantile(errors, [share for share, _ in QUANTILES])
    told = [(name, units.number(float(end), sign=True)) for (_, name), end in zip(QUANTILES, ends)]
    return (("mean", units.number(float(errors.mean()), sign=True)), *told)
