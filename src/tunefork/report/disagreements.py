"""Rows where strategies disagree: what one gets right and the other wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork import metrics
from tunefork.problem import Labels
from tunefork.report.copies import Copies, Copy
from tunefork.report.mistaken_labels import row_losses
from tunefork.report.selection import choose
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import label_set
from tunefork.store import Predictions, Store

ROWS = 10
"""Examples of a pair; half of them for each side where both have so many."""


@dataclass(frozen=True)
class Reply:
    """What one configuration says of a row."""

    answer: str
    """The class that most seeds choose, or the labels that most seeds give; of several, the one with the higher mean
    probability."""
    right: int
    """Seeds whose answer is the label."""
    seeds: int


@dataclass(frozen=True)
class Example:
    """One row on which two configurations disagree."""

    id: str
    label: str
    first: Reply
    second: Reply
    copy: Copy


@dataclass(frozen=True)
class Disagreement:
    """Two strategies, each by the configuration of it that validation prefers, on the same test rows.

    A configuration is right on a row where more than half of its seeds are.
    """

    first: str
    second: str
    both: int
    only_first: int
    only_second: int
    neither: int
    for_first: tuple[Example, ...]
    """Rows that only the first gets right."""
    for_second: tuple[Example, ...]

    @property
    def rows(self) -> int:
        """All test rows."""
        return self.both + self.only_first + self.only_second + self.neither


@dataclass(frozen=True, eq=False)
class _Votes:
    """One configuration's answers over its seeds."""

    name: str
    ids: tuple[str, ...]
    labels: Labels
    answers: Labels
    """In the form of labels."""
    right: NDArray[np.int64]
    """[N] seeds that are right."""
    seeds: int
    margin: NDArray[np.float64]
    """[N] mean probability of the label minus that of the likeliest other class; of several labels the mean loss of the
    row, negative."""

    @property
    def correct(self) -> NDArray[np.bool_]:
        """[N] whether more than half of the seeds are right."""
        return 2 * self.right > self.seeds


def disagreements(store: Store, summary: Summary) -> tuple[Disagreement, ...]:
    """Every pair of strategies that answered the same test rows; nothing where there is one strategy only.

    Nor of numbers: they are neither right nor wrong but nearer or further off, and how much nearer one strategy is than
    another on all rows is what their comparison says.
    """
    if summary.study.problem == "regression":
        return ()
    chosen = _chosen(summary)
    votes = [_votes(one, store) for one in chosen]
    copies, names = Copies(store), summary.study.labels
    return tuple(_disagreement(first, second, names, copies) for first, second in combinations(votes, 2))


def _chosen(summary: Summary) -> list[ConfigurationSummary]:
    """The configuration of each strategy that validation prefers, of those with the best's test rows."""
    best = summary.best_configuration
    if best is None or not best.answers:
        return []
    by_strategy: dict[str, list[ConfigurationSummary]] = {}
    for one in summary.configurations:
        if one.answers and {each.rows for each in one.answers} == {best.answers[0].rows}:
            kind = f"{one.strategy} {one.runs[0].record.config.get('strategy', {}).get('type', '')}"
            by_strategy.setdefault(kind, []).append(one)
    found = []
    for group in by_strategy.values():
        preferred = choose(group, summary.study.selection_metric, summary.lower).configuration
        found += [one for one in group if one.id == preferred]
    return found


def _votes(one: ConfigurationSummary, store: Store) -> _Votes:
    runs = [run for run in one.done if run.answers is not None and len(run.answers.labels)]
    found = (store.predictions(run.record.id, "test") for run in runs)  # one at a time: they are large
    first = next(found)
    make = _of_labels if first.problem == "multi_label" else _of_classes
    return make(one.name, len(runs), first, chain([first], found))


def _of_classes(name: str, seeds: int, first: Predictions, runs: Iterable[Predictions]) -> _Votes:
    classes, rows = first.logits.shape[1], np.arange(len(first.ids))
    counts, chances = np.zeros((len(rows), classes)), np.zeros((len(rows), classes))
    for found in runs:
        counts[rows, found.predicted] += 1
        chances += metrics.softmax(found.logits) / seeds
    of_label = chances[rows, first.labels]
    others = chances.copy()
    others[rows, first.labels] = -1
    return _Votes(
        name,
        first.ids,
        first.labels,
        (counts + chances / 2).argmax(axis=1),  # a mean probability decides ties, and never outweighs a vote
        counts[rows, first.labels].astype(np.int64),
        seeds,
        of_label - others.max(axis=1),
    )


def _of_labels(name: str, seeds: int, first: Predictions, runs: Iterable[Predictions]) -> _Votes:
    """Seeds vote on each label; they are right on a row where they are right on all of its labels."""
    counts, chances = np.zeros(first.labels.shape), np.zeros(first.labels.shape)
    right, margin = np.zeros(len(first.ids), dtype=np.int64), np.zeros(len(first.ids))
    for found in runs:
        counts += found.predicted
        chances += (1 + np.tanh(found.logits / 2)) / 2 / seeds  # the sigmoid, which cannot overflow in this form
        right += found.correct
        margin -= row_losses(found) / seeds
    given = np.where(2 * counts == seeds, chances > 0.5, 2 * counts > seeds)
    return _Votes(name, first.ids, first.labels, given.astype(np.int8), right, seeds, margin)


def _disagreement(first: _Votes, second: _Votes, names: Sequence[str], copies: Copies) -> Disagreement:
    only_first = first.correct & ~second.correct
    only_second = second.correct & ~first.correct
    gap = first.right / first.seeds - second.right / second.seeds
    surer = first.margin - second.margin
    sides = [_ordered(only_first, gap, surer), _ordered(only_second, -gap, -surer)]
    half = ROWS // 2
    room = [max(half, ROWS - len(sides[1])), max(half, ROWS - len(sides[0]))]

    def example(row: int) -> Example:
        one, other = (
            Reply(_text(votes.answers[row], names), int(votes.right[row]), votes.seeds) for votes in (first, second)
        )
        return Example(first.ids[row], _text(first.labels[row], names), one, other, copies.of(first.ids[row]))

    shown = [tuple(example(row) for row in side[:most]) for side, most in zip(sides, room)]
    return Disagreement(
        first=first.name,
        second=second.name,
        both=int((first.correct & second.correct).sum()),
        only_first=int(only_first.sum()),
        only_second=int(only_second.sum()),
        neither=int((~first.correct & ~second.correct).sum()),
        for_first=shown[0],
        for_second=shown[1],
    )


def _text(answer: Any, names: Sequence[str]) -> str:
    return label_set(answer, names) if np.ndim(answer) else names[int(answer)]


def _ordered(wanted: NDArray[np.bool_], gap: NDArray[np.float64], surer: NDArray[np.float64]) -> list[int]:
    """The rows, those first on which the seeds differ most, then those on which the probabilities do.

    Rounded, so that the order of summation does not decide; then the rows' own order does.
    """
    rows = np.flatnonzero(wanted)
    order: list[int] = rows[np.lexsort((rows, -surer[rows].round(9), -gap[rows].round(9)))].tolist()
    return order
