"""Which metrics a study has beside loss, accuracy and F1, and where they are shown."""

from __future__ import annotations

from typing import Any

from tunefork import metrics
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import Summary
from tunefork.report.wording import SHARES, metric_name, metric_value
from tunefork.store import EvaluationRecord

FIRST = ("loss", "accuracy", "macro_f1", "f1")
"""Every table has them; F1 where there are two classes."""
FURTHER = ("weighted_f1", "mcc", "auroc", "ece", "brier")
"""In table.csv, JSON and the page's facts on each run."""
WIDE = ("mcc", "auroc", "ece")
"""Of these also in the wide table; weighted F1 and the Brier score tell little beside accuracy and loss."""


def all_metrics(summary: Summary) -> tuple[str, ...]:
    """Every metric that the study may have, the user's own last."""
    return (*FIRST, *FURTHER, *summary.study.own_metrics)


def extra_columns(summary: Summary, wide: bool) -> tuple[str, ...]:
    """Metrics that the table shows beside the first four, where any configuration has them.

    The terminal's has room for one: the metric that validation chose by, or else the user's own.
    """
    chosen = [summary.study.selection_metric] if summary.study.selection_metric not in FIRST else []
    wanted = [*chosen, *(WIDE if wide else ()), *summary.study.own_metrics]
    known = tuple(metric for metric in dict.fromkeys(wanted) if _known(summary, metric))
    return known if wide else known[:1]


def heading(metric: str) -> str:
    """A column's title.

    >>> heading("ece"), heading("mcc")
    ('ECE %', 'MCC')
    """
    return f"{metric_name(metric)}{' %' if metric in SHARES else ''}"


def told(record: EvaluationRecord, summary: Summary) -> str:
    """All metrics of an evaluation in one line; unknown ones are left out, but for those that every run has."""
    known = [
        f"{metric_name(metric)} {text}"
        for metric in all_metrics(summary)
        if (text := metric_value(metric, record.metric(metric))) != "–" or metric in FIRST[:3]
    ]
    return ", ".join(known)


def by_split(run: RunSummary, summary: Summary) -> dict[str, dict[str, float] | None]:
    """All metrics of a run on test and validation, at the weights that were kept; None where it was not evaluated."""
    names = all_metrics(summary)
    evaluated = {split: run.on(split) for split in ("test", "validation")}
    return {split: {name: one.metric(name) for name in names} if one else None for split, one in evaluated.items()}


def class_scores(run: RunSummary, summary: Summary) -> tuple[metrics.ClassScore, ...]:
    """Precision, recall and F1 of every class on test; empty where the run was not tested."""
    if run.answers is None or not len(run.answers.labels):
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


def _known(summary: Summary, metric: str) -> bool:
    split = summary.split
    return split is not None and any(one.spread(split, metric) for one in summary.configurations)
