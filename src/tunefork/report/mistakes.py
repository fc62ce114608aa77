"""Which of the best run's mistakes are worth a look: confident ones, confusions, and what every run gets wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tunefork import metrics
from tunefork.report.copies import Copies, Copy
from tunefork.report.summary import Summary
from tunefork.report.wording import percent
from tunefork.store import Predictions, Store

CONFIDENT = 12
"""Mistakes shown with the highest probability for the wrong class."""
PAIRS, EACH = 6, 4
"""Pairs of classes that are confused most, and rows of each."""
SHARED = 12
"""Rows shown that all finished runs get wrong."""


@dataclass(frozen=True)
class Mistake:
    """One test row and a wrong answer."""

    id: str
    true: str
    predicted: str
    probability: str
    """Of the wrong answer, in percent."""
    copy: Copy
    """What was kept of the row itself."""


@dataclass(frozen=True)
class Gallery:
    """Rows to look at, under a title."""

    title: str
    mistakes: tuple[Mistake, ...]


def galleries(store: Store, summary: Summary) -> tuple[Gallery, ...]:
    """What to show of the best run's mistakes on test; nothing where no run finished or none was tested."""
    if summary.best is None or not store.evaluations(summary.best, "test"):
        return ()
    labels = summary.study.labels
    found = store.predictions(summary.best, "test")
    probabilities = metrics.softmax(found.logits)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(~found.correct)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    copies = Copies(store)

    def mistake(row: int) -> Mistake:
        predicted = int(found.predicted[row])
        return Mistake(
            found.ids[row],
            labels[int(found.labels[row])],
            labels[predicted],
            percent(float(probabilities[row, predicted]), 0),
            copies.of(found.ids[row]),
        )

    made = [Gallery("Most confident mistakes", tuple(mistake(row) for row in wrong[:CONFIDENT].tolist()))]
    pairs = Counter(zip(found.labels[wrong].tolist(), found.predicted[wrong].tolist()))
    for (true, predicted), number in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:PAIRS]:
        rows = [row for row in wrong.tolist() if (found.labels[row], found.predicted[row]) == (true, predicted)]
        title = f"{labels[true]} taken for {labels[predicted]}: {number:,} of {int((found.labels == true).sum()):,}"
        made.append(Gallery(title, tuple(mistake(row) for row in rows[:EACH])))
    shared = _wrong_in_all(store, summary, found)
    if shared is not None:
        rows = [row for row in wrong.tolist() if shared[row]]
        title = f"Wrong in every one of the finished runs: {len(rows):,} of {len(shared):,}"
        made.append(Gallery(title, tuple(mistake(row) for row in rows[:SHARED])))
    return tuple(each for each in made if each.mistakes)


def _wrong_in_all(store: Store, summary: Summary, best: Predictions) -> np.ndarray | None:
    """[N] whether all finished runs answer a row wrongly; None where only one finished."""
    done = [run.record.id for run in summary.runs if run.done and run.test is not None]
    if len(done) < 2:
        return None
    wrong = ~best.correct
    for run in done:
        found = store.predictions(run, "test")
        if found.ids != best.ids:
            return None
        wrong &= ~found.correct
    return wrong
