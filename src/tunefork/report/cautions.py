"""What weakens a verdict: unfinished runs, single seeds, what had not converged, what is not shown to beat chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunefork.config import HEADLINE
from tunefork.report.judged import judged_name
from tunefork.report.summary import Summary
from tunefork.report.wording import SHARES, listed, percent, several
from tunefork.uncertainty import Estimate, unsteady


def cautions(summary: Summary) -> tuple[str, ...]:
    """The study's own warnings first."""
    found = list(summary.warnings)
    statuses = [run.record.status for run in summary.runs]
    broken = sum(status in ("failed", "diverged") for status in statuses)
    stopped = sum(run.record.on_demand for run in summary.runs)
    waiting = sum(status in ("planned", "running") for status in statuses)
    if waiting:
        found.append(f"{waiting} of {several(len(statuses), 'run')} have not finished; this verdict is preliminary.")
    if broken:
        found.append(f"{broken} of {several(len(statuses), 'run')} failed or diverged; the table gives the reasons.")
    if stopped:
        were = "was" if stopped == 1 else "were"
        found.append(
            f"{stopped} of {several(len(statuses), 'run')} {were} stopped on demand and never tested. If that was for "
            "their scores on the way, what is left looks better than it is."
        )
    found += [*_other_metric(summary), *_seed_warning(summary), *_unsteady(summary)]
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


def _other_metric(summary: Summary) -> list[str]:
    """Why the verdict compares another metric than the one that chose, where that is no loss."""
    wanted = summary.study.selection_metric
    if wanted in (summary.judged_by, "loss") or not any(one.answers for one in summary.configurations):
        return []
    instead = f"so the verdict compares {judged_name(summary)}."
    if wanted in summary.study.own_metrics:
        chance = "How much of it is chance cannot be told"
        return [f"The best was chosen by {wanted}, a metric of your own. {chance}, {instead}"]
    name, why = summary.units.name(wanted), summary.units.kind.unknown
    return [f"{name} is not known on these test rows, where {why}, {instead}"]


def _seed_warning(summary: Summary) -> list[str]:
    single = [one.name for one in summary.configurations if len(one.done) == 1]
    if not single:
        return []
    moved = "an accuracy" if summary.study.problem == "single_label" else f"the {judged_name(summary)}"
    advice = f"Another seed may move {moved} by more than the difference between configurations; run three seeds."
    if len(single) == len(summary.seeds):
        return [f"Each configuration has one seed, so the noise between seeds is not counted. {advice}"]
    return [f"One seed only, so the noise between seeds is not counted in comparisons with {listed(single)}. {advice}"]


def _unsteady(summary: Summary) -> list[str]:
    """Configurations that collapse with some seeds."""
    known = [(one, scores) for one in summary.configurations if (scores := one.scores(summary.judged_by)) is not None]
    found = []
    for number in unsteady([scores for _, scores in known]):
        one, scores = known[number]
        each = sorted(float(value) for value in scores.mean(axis=1))
        found.append(
            f"Unsteady: the {several(len(each), 'seed')} of {one.name} are much further apart than those of the others "
            f"({_values(each, summary)}). A lower learning rate is often steadier."
        )
    return found


def _values(values: Sequence[float], summary: Summary) -> str:
    if summary.study.problem == "single_label" or summary.judged_by in SHARES:
        return f"{listed([percent(value, 1) for value in values])} %"
    return listed([summary.units.value(summary.judged_by, value, 1) for value in values])


def _floor_warnings(summary: Summary) -> list[str]:
    """Which configurations are not shown to beat what needs no training, by the judged metric where that is known of
    it: a constant answer has no correlation. Single labels are held against accuracy whatever is judged."""
    units, headline = summary.units, HEADLINE[summary.study.problem]
    wanted = headline if summary.study.problem == "single_label" else summary.judged_by
    floors = ((summary.study.majority, units.kind.floored), (summary.study.baseline, "the model before training"))
    found = []
    for metrics, what in floors:
        metric = wanted if wanted in metrics else headline
        floor = metrics.get(metric, math.nan)
        known = [(one.name, estimate) for one in summary.configurations if (estimate := one.estimate(metric))]
        names = [name for name, estimate in known if not _beats(estimate, floor, metric in summary.lower)]
        if names and not math.isnan(floor):
            told = f"{units.name(metric)} {units.value(metric, floor, 1)}"
            found.append(f"Not shown to beat {what} ({told}): {listed(names)}.")
    return found


def _beats(estimate: Estimate, floor: float, lower: bool) -> bool:
    return estimate.interval.high < floor if lower else estimate.interval.low > floor
