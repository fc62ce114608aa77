"""Which metrics a study has, and what is told of a run's."""

from __future__ import annotations

from typing import Any

from tunefork import metrics
from tunefork.problem import problem_of
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import Summary
from tunefork.report.wording import UNKNOWN
from tunefork.store import EvaluationRecord

FIRST = ("loss", "accuracy", "macro_f1", "f1")
"""Programs find them of every problem; what a problem has not is not known."""


def all_metrics(summary: Summary) -> tuple[str, ...]:
    """Every metric that the study may have, the user's own last."""
    return tuple(dict.fromkeys((*FIRST, *summary.units.kind.metrics, *summary.study.own_metrics)))


def told(record: EvaluationRecord, summary: Summary) -> str:
    """All metrics of an evaluation in one line; unknown ones are left out, but for those that every run has."""
    units = summary.units
    known = [
        f"{units.name(metric)} {text}"
        for metric in (*units.kind.metrics, *summary.study.own_metrics)
        if (text := units.value(metric, record.metric(metric))) != UNKNOWN or metric in units.kind.always
    ]
    return ", ".join(known)


def by_split(run: RunSummary, summary: Summary) -> dict[str, dict[str, float] | None]:
    """All metrics of a run on test and validation, at the weights that were kept; None where it was not evaluated."""
    names = all_metrics(summary)
    evaluated = {split: run.on(split) for split in ("test", "validation")}
    return {split: {name: one.metric(name) for name in names} if one else None for split, one in evaluated.items()}


def class_scores(run: RunSummary, summary: Summary) -> tuple[metrics.ClassScore, ...]:
    """Precision, recall and F1 of every class or label on test; empty where the run was not tested, and of numbers."""
    if run.answers is None or not len(run.answers.labels) or problem_of(run.answers.labels) == "regression":
        return ()
    return metrics.per_class(run.answers.predicted, run.answers.labels, summary.study.labels)


def calibration(run: RunSummary) -> dict[str, Any] | None:
    """The run's temperature, and what it does on test; None where the run was not tested."""
    found = run.calibration
    if found is None:
        return None
    plain: dict[str, Any] = {"temperature": found.temperature, "calibrated": found.after is not None}
    for name in ("loss", "ece"):
        plain[f"{name}_before"] = getattr(found.before, name)
        plain[f"{name}_after"] = getattr(found.after, name) if found.after else None
    return plain
