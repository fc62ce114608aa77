"""What the data supports, in sentences. A difference that is not shown is never called equality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunefork.config import Judging
from tunefork.report.cautions import cautions
from tunefork.report.judging import Comparison, Judgement, judge
from tunefork.report.recommending import Recommendation, limited, memory, recommend, seconds
from tunefork.report.saved import Saved, saved_models
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.units import ERRORS
from tunefork.report.wording import duration, listed, plain_percent, several
from tunefork.report.wording import memory as megabytes
from tunefork.uncertainty import SIGNIFICANT, Difference


@dataclass(frozen=True, eq=False)
class Verdict:
    """The findings, and what weakens them. ``str()`` is plain text, warnings first."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    judgement: Judgement | None = None
    """None where nothing can be called best."""
    recommendation: Recommendation | None = None
    """None where there was nothing to compare with."""
    saved: tuple[Saved, ...] = ()
    """The saved models, the best first."""

    @property
    def best(self) -> str | None:
        """The best run's id, chosen on validation."""
        return self.judgement.summary.best if self.judgement else None

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every other configuration against the best."""
        return self.judgement.comparisons if self.judgement else ()

    @property
    def tied(self) -> tuple[ConfigurationSummary, ...]:
        """The best and all that the data does not tell apart from it."""
        return self.judgement.tied if self.judgement else ()

    @property
    def recommended(self) -> ConfigurationSummary | None:
        """The configuration to take."""
        return self.recommendation.configuration if self.recommendation else None

    def __str__(self) -> str:
        return "\n".join([*(f"Warning: {warning}" for warning in self.warnings), *self.sentences])


def verdict(summary: Summary) -> Verdict:
    """The verdict on a study.

    Raises nothing for studies that are unfinished, have failed runs, or no test rows: it then says so.
    """
    judgement = judge(summary)
    if judgement is None:
        return Verdict((_nothing(summary),), cautions(summary))
    if not judgement.comparisons:
        return Verdict((_best(judgement), *_worth(judgement)), cautions(summary), judgement)
    recommendation, saved = recommend(judgement), saved_models(judgement)
    sentences = [
        _best(judgement),
        _recommended(judgement, recommendation),
        *_outcomes(judgement),
        *_tied(judgement, recommendation),
        *_worth(judgement),
        *_saved(saved, summary),
    ]
    return Verdict(tuple(sentences), cautions(summary), judgement, recommendation, saved)


def _nothing(summary: Summary) -> str:
    if not summary.runs:
        return "The study has no runs yet."
    if any(one.done for one in summary.configurations):
        return "No run can be called best: none has a finite validation or training loss."
    statuses = [run.record.status for run in summary.runs]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    return f"No run has finished, so there is nothing to conclude yet ({counts})."


def _best(judgement: Judgement) -> str:
    summary, best = judgement.summary, judgement.best
    choice, count, units = summary.choice, len(best.done), summary.units
    over = f", mean over {several(count, 'seed')}" if count > 1 else ""
    value = units.value(choice.metric, choice.value)
    sentence = f"{best.name} is best by {choice.by} {units.name(choice.metric)} ({value}{over})"
    judged = units.name(summary.judged_by)
    found = best.estimate(summary.judged_by)
    if found is None and best.answers:
        return f"{sentence}. Its {judged} is not known on the test rows, where {units.kind.unknown}."
    if found is None:
        return f"{sentence}. It was not evaluated on test rows, so its {judged} on new data is not known."
    interval = units.ends(summary.judged_by, found.interval.low, found.interval.high)
    return (
        f"{sentence}; on the {several(len(best.answers[0].labels), 'test row')} its {judged} is "
        f"{units.value(summary.judged_by, found.value, 1)} (95 % interval {interval})."
    )


def _outcomes(judgement: Judgement) -> list[str]:
    """One sentence per kind of outcome."""
    best, by = judgement.best, {}
    for outcome in ("worse", "better", "equivalent", "undecided", "not converged"):
        by[outcome] = [one for one in judgement.comparisons if one.outcome == outcome]
    found = []
    if by["worse"]:
        found.append(f"Worse than {best.name}: {_sizes(by['worse'], judgement)}.")
    if by["better"]:
        found.append(
            f"Better than {best.name} on test, though validation chose otherwise: {_sizes(by['better'], judgement)}. "
            "The test split does not choose; more validation rows would."
        )
    if by["equivalent"]:
        names = listed([f"{one.name} ({_signed(one.difference, judgement)})" for one in by["equivalent"]])
        found.append(f"Equivalent to {best.name} within {_margin(judgement)}: {names}.")
    if by["undecided"]:
        each, decides = zip(*(_undecided(one, judgement) for one in by["undecided"]))
        found.append(f"This data cannot decide between {best.name} and {listed(each)}.")
        if any(decides):
            found.append(f"Were these differences as they seem, {listed([one for one in decides if one])}.")
    if by["not converged"]:
        sizes = _sizes(by["not converged"], judgement)
        found.append(
            f"Behind {best.name} but not converged, so not judged: {sizes}. Training ended while validation loss was "
            "still falling; train longer before comparing."
        )
    return found


def _sizes(comparisons: Sequence[Comparison], judgement: Judgement) -> str:
    summary, parts = judgement.summary, []
    units, metric = summary.units, summary.judged_by
    for one in comparisons:
        ends = sorted((abs(one.difference.interval.low), abs(one.difference.interval.high)))
        value, low, high = (units.difference(metric, each) for each in (abs(one.difference.value), *ends))
        parts.append(f"{one.name} by {value}{units.noun(metric)} (95 % interval {low} to {high})")
    return listed(parts)


def _undecided(one: Comparison, judgement: Judgement) -> tuple[str, str]:
    """The difference, and what would decide."""
    note, interval = "", one.difference.interval
    if interval.low * interval.high > 0:  # the plain interval alone would suggest a difference
        note = f"; p = {one.adjusted:.2f} after correcting for {several(len(judgement.pairs), 'pair')}"
    needed = judgement.needed(one)
    ways = [
        *([several(needed.seeds, "seed")] if needed.seeds else []),
        *([several(_rounded(needed.rows), "test row")] if needed.rows else []),
    ]
    decides = f"{' or '.join(ways)} would decide on {one.name}" if ways else ""
    return f"{one.name} ({_signed(one.difference, judgement)}{note})", decides


def _rounded(count: int) -> int:
    """To two digits: it is an estimate."""
    unit: int = 10 ** max(0, len(str(count)) - 2)
    return -(-count // unit) * unit


def _signed(difference: Difference, judgement: Judgement) -> str:
    """With its sign. Of errors the metric is named, since more of them is worse."""
    units, metric, interval = judgement.summary.units, judgement.summary.judged_by, difference.interval
    ends = (difference.value, interval.low, interval.high)
    value, low, high = (units.difference(metric, each, sign=True) for each in ends)
    named = f"{units.name(metric)} " if metric in ERRORS else ""
    return f"{named}{value}{units.noun(metric)}, 95 % interval {low} to {high}"


def _tied(judgement: Judgement, found: Recommendation) -> list[str]:
    """The smallest, the fastest and the leanest of those that are not told apart from the best."""
    if len(judgement.tied) < 2:
        return []
    small, fast, lean = found.smallest, found.fastest, found.leanest
    virtues: dict[str, list[str]] = {}
    if small:
        virtues.setdefault(small.name, []).append(f"the smallest ({small.counts.trainable:,} trainable parameters)")
    if fast:
        virtues.setdefault(fast.name, []).append(f"the fastest ({duration(seconds(fast))})")
    if lean:
        virtues.setdefault(lean.name, []).append(f"the leanest ({megabytes(memory(lean))})")
    parts = [f"{name} is {listed(each)}" for name, each in virtues.items()]
    return [f"Of those not told apart from {judgement.best.name}, {listed(parts)}."] if parts else []


def _recommended(judgement: Judgement, found: Recommendation) -> str:
    one, best, judging = found.configuration, judgement.best, judgement.summary.judging
    if one is None:
        return f"No configuration of this study keeps your limits ({_limits(judging)})."
    counts = one.counts
    size = f"{counts.trainable:,} trainable parameters, {plain_percent(counts.peft_percent)} % of the model"
    within = f", within your limits ({_limits(judging)})" if limited(judging) else ""
    if found.further_behind:
        own = next(each for each in judgement.comparisons if each.configuration == one.id)
        return (
            f"Recommended{within}: {one.name} ({size}), which validation prefers among those that keep them; it is "
            f"behind {best.name} ({_signed(own.difference, judgement)})."
        )
    explained = f"{_margin(judgement)}{_margin_of(judgement)}"
    if one is best:
        return f"Recommended{within}: {one.name} ({size}); nothing smaller is within {explained}."
    own = next(each for each in judgement.comparisons if each.configuration == one.id)
    how = {
        "equivalent": f"equivalent to {best.name} within {_margin(judgement)}",
        "better": f"better than {best.name} on test",
    }.get(own.outcome, f"not shown to be worse than {best.name}, and not shown to be equivalent either")
    return f"Recommended{within}: {one.name} ({size}), the smallest within {explained}; {how}."


def _margin(judgement: Judgement) -> str:
    summary = judgement.summary
    return summary.units.margin(summary.judged_by, summary.judging.margin)


def _margin_of(judgement: Judgement) -> str:
    """Where a margin of errors comes from."""
    if judgement.summary.judged_by not in ERRORS:
        return ""
    return f" ({judgement.summary.judging.margin:g} % of the standard deviation of the test labels)"


def _limits(judging: Judging) -> str:
    parts = [
        *([f"{judging.max_trainable:,} trainable parameters"] if judging.max_trainable is not None else []),
        *([megabytes(judging.max_memory)] if judging.max_memory is not None else []),
        *([duration(judging.max_seconds)] if judging.max_seconds is not None else []),
        *([f"{judging.max_latency:g} ms a row"] if judging.max_latency is not None else []),
    ]
    return f"at most {listed(parts)}"


def _worth(judgement: Judgement) -> list[str]:
    """Whether a transformer is worth it: the best against what needs none."""
    best, metric, units, found = judgement.best.name, judgement.summary.judged_by, judgement.summary.units, []
    for rival in judgement.rivals:
        name = f"{rival.baseline.record.name} ({units.name(metric)} {units.value(metric, rival.estimate.value, 1)})"
        difference = _signed(rival.difference, judgement)
        if rival.adjusted >= SIGNIFICANT:
            found.append(f"{best} is not shown to beat {name}: {difference}.")
        elif rival.behind > 0:
            found.append(f"{best} beats {name}: {difference}.")
        else:
            found.append(f"{name} is better than {best}, which needs a transformer: {difference}.")
    return found


def _saved(saved: Sequence[Saved], summary: Summary) -> list[str]:
    """What is true of the models on disk, one per configuration, whatever their methods would do with other seeds."""
    if len(saved) < 2:
        return []
    first, apart = saved[0], [one.name for one in saved[1:] if one.p_value < 0.05]
    units, metric = summary.units, first.metric
    value = units.value(metric, first.estimate.value, 1)
    ends = units.ends(metric, first.estimate.interval.low, first.estimate.interval.high)
    seed = f"{first.name}, seed {first.run.record.seed}"
    told = f"told apart from the saved {listed(apart)}" if apart else "not told apart from any other saved model"
    if metric in ERRORS:
        error = "absolute" if metric == "mae" else "squared"
        return [
            f"The saved model to take ({seed}) has an {units.name(metric)} of {value} on the test rows ({ends}), and "
            f"is {told} (t-test of {error} errors, paired by row)."
        ]
    right, verb = ("has all labels right", "is ") if summary.study.problem == "multi_label" else ("is right", "")
    return [
        f"The saved model to take ({seed}) {right} on {value} of the test rows ({ends}), and {verb}{told} "
        "(McNemar's test)."
    ]
