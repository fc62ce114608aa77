"""Saved models, one per configuration: which *model* is better, not which method. Rows are their only sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunefork.report.judging import Judgement
from tunefork.report.run_summary import Answers, RunSummary
from tunefork.report.selection import best_run
from tunefork.uncertainty import Estimate, difference_of, holm, mcnemar, mean_of
from tunefork.uncertainty.of_numbers import of_mae, of_mse, of_rmse

UNBOUNDED = (-math.inf, math.inf)


@dataclass(frozen=True)
class Saved:
    """One configuration's saved model: the run that validation prefers, as it stands. Rows are its only sample."""

    run: RunSummary
    name: str
    estimate: Estimate
    """Its test accuracy (all labels of a row right), or its error on test."""
    p_value: float
    """McNemar's, or that of a paired t-test of errors, against the best saved model, after Holm's correction; 1 for the
    best itself."""
    metric: str = "accuracy"
    """``accuracy``; of numbers ``mae`` where the verdict is about that, else ``rmse``."""


def saved_models(judgement: Judgement) -> tuple[Saved, ...]:
    """The saved model of every configuration compared, the best first."""
    summary = judgement.summary
    metric, validated = summary.choice.metric, summary.choice.by == "validation"
    chosen = [(one, best_run(one, metric, validated, summary.lower)) for one in judgement.compared]
    present = [(one, run, run.answers) for one, run in chosen if run is not None and run.answers is not None]
    present.sort(key=lambda each: each[0] is not judgement.best)
    if not present or present[0][0] is not judgement.best:
        return ()
    answers = [own for _, _, own in present]
    shown, compared = _of(summary.study.problem == "regression", summary.judged_by, answers)
    p_values = holm([compared(answers[0], own) for own in answers[1:]])
    return tuple(
        Saved(run, one.name, estimate, p_value, told)
        for (one, run, _), (told, estimate), p_value in zip(present, shown, [1.0, *p_values])
    )


def _of(
    numbers: bool, judged: str, answers: Sequence[Answers]
) -> tuple[list[tuple[str, Estimate]], Callable[[Answers, Answers], float]]:
    """What is shown of each, and the p-value of a comparison of two.

    A saved model is judged by what every row says of it alone. That is whether it is right, or how large its error is:
    absolute where the verdict is about MAE, else squared, by which R² orders models, too.
    """
    if not numbers:
        shown = [("accuracy", mean_of(own.correct[None])) for own in answers]
        return shown, lambda first, own: mcnemar(first.correct, own.correct)
    metric, of, by_row = ("mae", of_mae, of_mae) if judged == "mae" else ("rmse", of_rmse, of_mse)
    found = [mean_of(of(own.predicted[None], own.labels), bounds=(0.0, math.inf)) for own in answers]
    whole = float(answers[0].labels.var()) if by_row is of_mse else float(answers[0].labels.std())

    def compared(first: Answers, own: Answers) -> float:
        a, b = (by_row(each.predicted[None], each.labels) for each in (first, own))
        return difference_of(a, b, bounds=UNBOUNDED, whole=whole).p_value

    return [(metric, each) for each in found], compared
