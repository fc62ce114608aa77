"""Which configuration and run is best. Validation decides; the test split is never looked at."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunefork.config import LOWER_IS_BETTER
from tunefork.report.wording import metric_name

if TYPE_CHECKING:
    from tunefork.report.run_summary import RunSummary
    from tunefork.report.summary import ConfigurationSummary


@dataclass(frozen=True)
class Choice:
    """The best configuration and its best run; None when no run finished."""

    configuration: str | None
    run: str | None
    by: str
    """``validation``, or ``training`` when the study has no validation rows."""
    value: float | None = None
    """The mean over seeds of what was chosen by."""
    warnings: tuple[str, ...] = ()
    metric: str = "loss"
    """What was chosen by."""


def choose(
    configurations: Sequence[ConfigurationSummary], metric: str, lower: Collection[str] = LOWER_IS_BETTER
) -> Choice:
    """The configuration with the best mean over seeds, and in it the run with the best value.

    Ties go to fewer trainable parameters. A configuration of which a seed failed, diverged or was stopped on demand
    comes after all that have none. Where the metric is not known on validation its loss decides, and without any
    validation the lowest final training loss, each with a warning.

    Args:
        configurations: in the order of the study.
        metric: one of ``tunefork.config.METRICS``, or of the user's own.
        lower: metrics of which lower is better.
    """
    finished, wanted = [one for one in configurations if one.done], metric
    if not any(one.spread("validation", metric) for one in finished):
        metric = "loss"
    validated = any(one.spread("validation", metric) for one in finished)
    sign = 1.0 if metric in lower else -1.0
    ranked: list[tuple[bool, float, int, int, ConfigurationSummary]] = []
    for one in finished:
        spread = one.spread("validation", metric) if validated else one.final_training_loss
        if spread and math.isfinite(spread.mean):
            incomplete = bool(one.broken) or len(spread.values) < len(one.done)
            # rounded, so that the order of summation does not decide a tie
            ranked.append((incomplete, round(sign * spread.mean, 12), one.counts.trainable, len(ranked), one))
    warnings = _warnings(configurations, validated, bool(finished))
    if validated and metric != wanted:
        name = metric_name(wanted)
        warnings = (f"No run has a finite {name} on validation, so validation loss chose the best.", *warnings)
    by = "validation" if validated else "training"
    if not ranked:
        return Choice(None, None, by, None, warnings, metric)
    best = min(ranked)[-1]
    run = best_run(best, metric, validated, lower)
    assert run is not None, "its mean is finite"
    return Choice(best.id, run.record.id, by, sign * min(ranked)[1], warnings, metric)


def best_run(
    one: ConfigurationSummary, metric: str, validated: bool, lower: Collection[str] = LOWER_IS_BETTER
) -> RunSummary | None:
    """The seed whose saved model to take: the one that validation, or failing that the training loss, prefers."""
    sign = 1.0 if metric in lower or not validated else -1.0

    def value(run: RunSummary) -> float:
        if not validated:
            return run.final_training_loss
        return run.validation.metric(metric) if run.validation else math.nan

    known = [run for run in one.done if math.isfinite(value(run))]
    return min(known, key=lambda run: sign * value(run)) if known else None


def _warnings(configurations: Sequence[ConfigurationSummary], validated: bool, finished: bool) -> tuple[str, ...]:
    found = []
    if finished and not validated:
        found.append(
            "There are no validation rows, so the best run is the one with the lowest final training loss. "
            "Training loss rewards memorising; hold rows out with data.validation."
        )
    incomplete = [one for one in configurations if one.broken and one.done]
    if incomplete and any(one.done and not one.broken for one in configurations):
        names = ", ".join(one.name for one in incomplete)
        stopped = any(run.record.on_demand for one in incomplete for run in one.broken)
        how = "failed, diverged or were stopped on demand" if stopped else "failed or diverged"
        found.append(f"Some seeds {how}, so these were passed over when choosing the best: {names}.")
    return tuple(found)
