"""Which configurations the test rows tell apart, and which of the others to take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tunefork.report.scoring import differences_of
from tunefork.report.summary import BaselineSummary, ConfigurationSummary, Summary
from tunefork.uncertainty import (
    Difference,
    Estimate,
    Matrix,
    Pair,
    compare,
    difference_of,
    holm,
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
    sign: int = 1
    """1 where more is better, −1 where less is."""

    @property
    def ahead(self) -> float:
        """How far it is ahead of the best; below 0 where it is behind."""
        return self.sign * self.difference.value


@dataclass(frozen=True)
class Needed:
    """What would decide an undecided pair, were its difference as it is now; None where nothing does."""

    seeds: int | None
    rows: int | None


@dataclass(frozen=True)
class Rival:
    """A baseline against the best configuration, on the same test rows."""

    baseline: BaselineSummary
    estimate: Estimate
    difference: Difference
    """The best's mean minus the baseline's; its rows are its only sample."""
    adjusted: float
    """The p-value of "there is no difference" after Holm's correction over all baselines."""
    sign: int = 1
    """1 where more is better, −1 where less is."""

    @property
    def behind(self) -> float:
        """How far it is behind the best; below 0 where it is ahead."""
        return self.sign * self.difference.value


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
    """In the unit of the judged metric: 0.01 of a share is one point, of errors see ``units``."""

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
            whole = self.summary.units.whole(metric)
            found.append((one, estimate, difference_of(scores, own, pool, bounds, whole)))
        adjusted = holm([each.p_value for _, _, each in found])
        return tuple(Rival(*each, p_value, self.summary.sign) for each, p_value in zip(found, adjusted))

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
        return Comparison(one.id, one.name, turned.difference, turned.different, turned.within, outcome, turned.sign)


def judge(summary: Summary) -> Judgement | None:
    """Compare all configurations that answered the best's test rows; None where there is no best."""
    best, metric = summary.best_configuration, summary.judged_by
    if best is None:
        return None
    scores, whole = best.scores(metric), summary.units.whole(metric)
    margin = summary.judging.margin / 100 * whole
    compared: list[ConfigurationSummary] = []
    matrices: list[Matrix] = []
    for one in summary.configurations:
        own = one.scores(metric)
        if own is None or scores is None or one.answers[0].rows != best.answers[0].rows:
            continue
        compared.append(one)
        matrices.append(own)
    if best not in compared:
        return Judgement(summary, best, (best,), (), margin)
    pairs = compare(matrices, margin, summary.sign, differences_of(metric), whole)
    return Judgement(summary, best, tuple(compared), pairs, margin)
