"""What the data supports, in sentences. A difference that is not shown is never called equality."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tunefork.report.statistics import Difference, holm, paired_difference
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import METRICS, listed, number, percent, plain_percent, points, several

Outcome = Literal["better", "worse", "tie", "not converged"]
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """One configuration against the best, on the same test rows."""

    configuration: str
    name: str
    difference: Difference
    """Its mean accuracy minus the best's."""
    adjusted: float
    """The p-value after Holm's correction over all comparisons with the best."""
    outcome: Outcome
    """``tie`` where the data cannot tell them apart; ``not converged`` where it scored less but was still learning."""


@dataclass(frozen=True)
class Verdict:
    """The findings, and what weakens them. ``str()`` is plain text, warnings first."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    best: str | None = None
    """The best run's id, chosen on validation."""
    smallest: str | None = None
    """The configuration with the fewest trainable parameters that is not shown to be worse than the best."""

    def __str__(self) -> str:
        return "\n".join([*(f"Warning: {warning}" for warning in self.warnings), *self.sentences])


def verdict(summary: Summary) -> Verdict:
    """The verdict on a study.

    Raises nothing for studies that are unfinished, have failed runs, or no test rows: it then says so.
    """
    best = summary.best_configuration
    if best is None:
        return Verdict((_nothing(summary),), _warnings(summary, ()))
    comparisons = _compare(summary, best)
    smallest = _smallest(summary, best, comparisons)
    sentences = [_best(summary, best), *_outcomes(comparisons, best)]
    if smallest:
        sentences.append(_small(smallest, best, comparisons))
    warnings = _warnings(summary, comparisons)
    return Verdict(tuple(sentences), warnings, comparisons, summary.best, smallest.id if smallest else None)


def _nothing(summary: Summary) -> str:
    if not summary.runs:
        return "The study has no runs yet."
    if any(one.done for one in summary.configurations):
        return "No run can be called best: none has a finite validation or training loss."
    return f"No run has finished, so there is nothing to conclude yet ({_status_counts(summary)})."


def _status_counts(summary: Summary) -> str:
    statuses = [run.record.status for run in summary.runs]
    return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))


def _compare(summary: Summary, best: ConfigurationSummary) -> tuple[Comparison, ...]:
    reference, found = best.correct, []
    for one in summary.configurations:
        if one is best or one.correct is None or reference is None or one.answers[0].rows != best.answers[0].rows:
            continue
        found.append((one, paired_difference(one.correct, reference)))
    adjusted = holm([difference.p_value for _, difference in found])
    return tuple(
        Comparison(one.id, one.name, difference, p_value, _outcome(one, difference, p_value))
        for (one, difference), p_value in zip(found, adjusted)
    )


def _outcome(one: ConfigurationSummary, difference: Difference, adjusted: float) -> Outcome:
    if adjusted >= SIGNIFICANT:
        return "tie"
    if difference.value > 0:
        return "better"
    return "not converged" if one.converged is False else "worse"


def _smallest(
    summary: Summary, best: ConfigurationSummary, comparisons: Sequence[Comparison]
) -> ConfigurationSummary | None:
    """None without comparisons: nothing is known of the others then."""
    kept = {one.configuration for one in comparisons if one.outcome in ("tie", "better")} | {best.id}
    candidates = [one for one in summary.configurations if one.id in kept]
    # of two that are equally small, the best or the one that is named first
    return min(candidates, key=lambda one: (one.counts.trainable, one is not best)) if comparisons else None


def _best(summary: Summary, best: ConfigurationSummary) -> str:
    choice, seeds = summary.choice, len(best.done)
    metric = METRICS[summary.study.selection_metric] if choice.by == "validation" else "loss"
    over = f", mean over {several(seeds, 'seed')}" if seeds > 1 else ""
    value = number(choice.value) if metric == "loss" else f"{percent(choice.value)} %"
    sentence = f"{best.name} is best by {choice.by} {metric} ({value}{over})"
    if best.accuracy is None:
        return f"{sentence}. It was not evaluated on test rows, so its accuracy on new data is not known."
    interval, rows = best.accuracy.interval, len(best.answers[0].labels)
    return (
        f"{sentence}; on the {several(rows, 'test row')} its accuracy is {percent(best.accuracy.value, 1)} % "
        f"(95 % interval {percent(interval.low, 1)} to {percent(interval.high, 1)} %)."
    )


def _outcomes(comparisons: Sequence[Comparison], best: ConfigurationSummary) -> list[str]:
    """One sentence per kind of outcome."""
    by = {outcome: [one for one in comparisons if one.outcome == outcome] for outcome in ("worse", "better", "tie")}
    unready = [one for one in comparisons if one.outcome == "not converged"]
    found = []
    if by["worse"]:
        found.append(f"Worse than {best.name}: {_differences(by['worse'])}.")
    if by["better"]:
        found.append(
            f"Better than {best.name} on test, though validation chose otherwise: {_differences(by['better'])}. "
            "The test split does not choose; more validation rows would."
        )
    if by["tie"]:
        found.append(f"This data cannot tell {best.name} apart from {_ties(by['tie'], len(comparisons))}.")
    if unready:
        found.append(
            f"Behind {best.name} but not converged, so not judged: {_differences(unready)}. Training ended while "
            "validation loss was still falling; train longer before comparing."
        )
    return found


def _differences(comparisons: Sequence[Comparison]) -> str:
    parts = []
    for one in comparisons:
        low, high = sorted((abs(one.difference.interval.low), abs(one.difference.interval.high)))
        value = points(abs(one.difference.value))
        parts.append(f"{one.name} by {value} points (95 % interval {points(low)} to {points(high)})")
    return listed(parts)


def _ties(comparisons: Sequence[Comparison], among: int) -> str:
    parts = []
    for one in comparisons:
        interval = one.difference.interval
        note = ""
        if interval.low * interval.high > 0:  # the plain interval alone would suggest a difference
            note = f"; p = {one.adjusted:.2f} after correcting for {among} comparisons"
        parts.append(f"{one.name} ({_signed(one.difference)}{note})")
    return listed(parts)


def _signed(difference: Difference) -> str:
    interval = difference.interval
    return (
        f"{points(difference.value, True)} points, 95 % interval {points(interval.low, True)} "
        f"to {points(interval.high, True)}"
    )


def _small(smallest: ConfigurationSummary, best: ConfigurationSummary, comparisons: Sequence[Comparison]) -> str:
    counts = smallest.counts
    size = f"{counts.trainable:,} trainable parameters, {plain_percent(counts.peft_percent)} % of the model"
    if smallest is best:
        return f"{best.name} is also the smallest configuration that is not shown to be worse ({size})."
    own = next(one.difference for one in comparisons if one.configuration == smallest.id)
    return (
        f"The smallest configuration that is not shown to be worse than {best.name} is {smallest.name} ({size}; "
        f"{_signed(own)})."
    )


def _warnings(summary: Summary, comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    found = list(summary.warnings)
    statuses = [run.record.status for run in summary.runs]
    broken = sum(status in ("failed", "diverged") for status in statuses)
    waiting = sum(status in ("planned", "running") for status in statuses)
    if waiting:
        found.append(f"{waiting} of {several(len(statuses), 'run')} have not finished; this verdict is preliminary.")
    if broken:
        found.append(f"{broken} of {several(len(statuses), 'run')} failed or diverged; the table gives the reasons.")
    found += _seed_warning(summary)
    unknown = [one.name for one in summary.configurations if one.done and one.converged is None]
    if unknown:
        found.append(
            f"Evaluated less than twice on validation, so whether they had converged is not known: {listed(unknown)}. "
            "A lower score may only mean that training was too short."
        )
    unready = [one.name for one in summary.configurations if one.converged is False]
    if unready:
        found.append(
            f"Not converged: {listed(unready)}. Validation loss was still falling when training ended, so more epochs "
            "may change the ranking."
        )
    if len({one.answers[0].rows for one in summary.configurations if one.answers}) > 1:
        found.append("Configurations answered different test rows; only those with the best's rows are compared.")
    found += _floor_warnings(summary)
    return tuple(dict.fromkeys(found))


def _seed_warning(summary: Summary) -> list[str]:
    single = [one.name for one in summary.configurations if len(one.done) == 1]
    if not single:
        return []
    advice = "Another seed may move an accuracy by more than the difference between configurations; run three seeds."
    if len(single) == len(summary.seeds):
        return [f"Each configuration has one seed, so the noise between seeds is not counted. {advice}"]
    return [f"One seed only, so the noise between seeds is not counted in comparisons with {listed(single)}. {advice}"]


def _floor_warnings(summary: Summary) -> list[str]:
    """Which configurations are not shown to beat what needs no training."""
    floors = (
        (summary.study.majority, "always answering the most frequent label"),
        (summary.study.baseline, "the model before training"),
    )
    found = []
    for metrics, what in floors:
        floor = metrics.get("accuracy")
        if floor is None or math.isnan(floor):
            continue
        names = [one.name for one in _measured(summary) if one.accuracy and one.accuracy.interval.low <= floor]
        if names:
            found.append(f"Not shown to beat {what} (accuracy {percent(floor, 1)} %): {listed(names)}.")
    return found


def _measured(summary: Summary) -> Iterable[ConfigurationSummary]:
    return (one for one in summary.configurations if one.accuracy is not None)
