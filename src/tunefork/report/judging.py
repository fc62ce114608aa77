"""Which configurations the test rows tell apart, and which of the others to take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tunefork.report.run_summary import RunSummary
from tunefork.report.scoring import differences_of
from tunefork.report.selection import best_run
from tunefork.report.summary import BaselineSummary, ConfigurationSummary, Summary
from tunefork.uncertainty import (
    Difference,
    Estimate,
    Matrix,
    Pair,
    compare,
    difference_of,
    holm,
    mcnemar,
    mean_of,
    rows_needed,
    seeds_needed,
)

Outcome = Literal["better", "worse", "equivalent", "undecided", "not converged"]
TIED: tuple[Outcome, ...] = ("equivalent", "undecided")


@dataclass(frozen=True)
class Comparison:
    """One configuration against the best, on the same test rows."""

    configuration: str
    name: str
    difference: Difference
    """Its mean minus the best's."""
    adjusted: float
    """The p-value of "there is no difference" after Holm's correction over all pairs of the study."""
    within: float
    """The p-value of "the difference is larger than the margin", so corrected."""
    outcome: Outcome
    """``undecided`` where the data cannot tell; ``not converged`` where it scored less but was still learning."""


@dataclass(frozen=True)
class Needed:
    """What would decide an undecided pair, were its difference as it is now; None where nothing does."""

    seeds: int | None
    rows: int | None


@dataclass(frozen=True)
class Saved:
    """One configuration's saved model: the run that validation prefers, as it stands. Rows are its only sample."""

    run: RunSummary
    name: str
    estimate: Estimate
    """Its test accuracy."""
    p_value: float
    """McNemar's, against the best saved model, after Holm's correction; 1 for the best itself."""


@dataclass(frozen=True)
class Rival:
    """A baseline against the best configuration, on the same test rows."""

    baseline: BaselineSummary
    estimate: Estimate
    difference: Difference
    """The best's mean minus the baseline's; its rows are its only sample."""
    adjusted: float
    """The p-value of "there is no difference" after Holm's correction over all baselines."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the test rows say of a study's configurations."""

    summary: Summary
    best: ConfigurationSummary
    compared: tuple[ConfigurationSummary, ...]
    """Those that answered the best's rows, the best among them, in the order of the study."""
    pairs: tuple[Pair, ...]
    """All pairs of ``compared``."""
    margin: float
    """As a share: 0.01 is one point."""

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every other configuration against the best."""
        place, found = self.compared.index(self.best), []
        for number, one in enumerate(self.compared):
            if number != place:
                found.append(self._comparison(one, number, place))
        return tuple(found)

    @cached_property
    def tied(self) -> tuple[ConfigurationSummary, ...]:
        """The best and all that are not told apart from it: equivalent or undecided, or better on test."""
        kept = {one.configuration for one in self.comparisons if one.outcome in (*TIED, "better")} | {self.best.id}
        return tuple(one for one in self.compared if one.id in kept)

    @cached_property
    def rivals(self) -> tuple[Rival, ...]:
        """The baselines that answered the best's test rows."""
        metric, found = self.summary.judged_by, []
        scores = self.best.scores(metric)
        for one in self.summary.baselines:
            own, estimate = one.scores(metric), one.estimate(metric)
            if scores is None or own is None or estimate is None or one.answers.rows != self.best.answers[0].rows:
                continue
            pool, bounds = self.best.pools.get(metric), differences_of(metric)
            found.append((one, estimate, difference_of(scores, own, pool, bounds)))
        adjusted = holm([each.p_value for _, _, each in found])
        return tuple(Rival(*each, p_value) for each, p_value in zip(found, adjusted))

    def needed(self, comparison: Comparison) -> Needed:
        """What would decide between a configuration and the best."""
        by_id = {one.id: one for one in self.compared}
        one = by_id[comparison.configuration]
        seeds, rows = min(len(one.answers), len(self.best.answers)), len(one.answers[0].labels)
        settings = (rows, seeds, len(self.compared), self.margin)
        return Needed(seeds_needed(comparison.difference, *settings), rows_needed(comparison.difference, *settings))

    def _comparison(self, one: ConfigurationSummary, number: int, best: int) -> Comparison:
        pair = next(pair for pair in self.pairs if {pair.first, pair.second} == {number, best})
        turned = pair if pair.first == number else pair.turned
        outcome: Outcome = turned.outcome
        if outcome == "worse" and one.converged is False:
            outcome = "not converged"
        return Comparison(one.id, one.name, turned.difference, turned.different, turned.within, outcome)


def judge(summary: Summary) -> Judgement | None:
    """Compare all configurations that answered the best's test rows; None where there is no best."""
    best, margin = summary.best_configuration, summary.judging.margin / 100
    if best is None:
        return None
    scores = best.scores(summary.judged_by)
    compared: list[ConfigurationSummary] = []
    matrices: list[Matrix] = []
    for one in summary.configurations:
        own = one.scores(summary.judged_by)
        if own is None or scores is None or one.answers[0].rows != best.answers[0].rows:
            continue
        compared.append(one)
        matrices.append(own)
    if best not in compared:
        return Judgement(summary, best, (best,), (), margin)
    pairs = compare(matrices, margin, bounds=differences_of(summary.judged_by))
    return Judgement(summary, best, tuple(compared), pairs, margin)


def saved_models(judgement: Judgement) -> tuple[Saved, ...]:
    """The saved model of every configuration compared, the best first: which *model* is better, not which method."""
    summary = judgement.summary
    metric, validated = summary.choice.metric, summary.choice.by == "validation"
    chosen = [(one, best_run(one, metric, validated, summary.lower)) for one in judgement.compared]
    present = [(one, run) for one, run in chosen if run is not None and run.answers is not None]
    present.sort(key=lambda each: each[0] is not judgement.best)
    if not present or present[0][0] is not judgement.best:
        return ()
    answers = [run.answers.correct for _, run in present if run.answers is not None]
    p_values = holm([mcnemar(answers[0], own) for own in answers[1:]])
    return tuple(
        Saved(run, one.name, mean_of(own[None]), p_value)
        for (one, run), own, p_value in zip(present, answers, [1.0, *p_values])
    )
