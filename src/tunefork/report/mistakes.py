"""Which of the best run's mistakes are worth a look: confident ones, confusions, and what every run gets wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tunefork import metrics
from tunefork.report.copies import Copies
from tunefork.report.gallery import CONFIDENT, EACH, PAIRS, SHARED, Gallery, Mistake
from tunefork.report.mistaken_labels import galleries_of_labels
from tunefork.report.mistaken_numbers import galleries_of_numbers
from tunefork.report.summary import Summary
from tunefork.report.wording import percent
from tunefork.store import Predictions, Store


def galleries(store: Store, summary: Summary) -> tuple[Gallery, ...]:
    """What to show of the best run's mistakes on test; nothing where no run finished or none was tested."""
    if summary.best is None or not store.evaluations(summary.best, "test"):
        return ()
    names, copies = summary.study.labels, Copies(store)
    found = store.predictions(summary.best, "test")
    if found.problem == "regression":
        made = galleries_of_numbers(found, summary.units, copies, _least_error(store, summary, found))
    elif found.problem == "multi_label":
        made = galleries_of_labels(found, names, copies, _wrong_in_all(store, summary, found))
    else:
        made = _of_classes(found, names, copies, _wrong_in_all(store, summary, found))
    return tuple(each for each in made if each.mistakes)


def _of_classes(
    found: Predictions, labels: Sequence[str], copies: Copies, shared: NDArray[np.bool_] | None
) -> Iterator[Gallery]:
    probabilities = metrics.softmax(found.logits)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(~found.correct)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]

    def mistake(row: int) -> Mistake:
        predicted = int(found.predicted[row])
        return Mistake(
            found.ids[row],
            labels[int(found.labels[row])],
            labels[predicted],
            f"{percent(float(probabilities[row, predicted]), 0)} %",
            copies.of(found.ids[row]),
        )

    yield Gallery("Most confident mistakes", tuple(mistake(row) for row in wrong[:CONFIDENT].tolist()))
    pairs = Counter(zip(found.labels[wrong].tolist(), found.predicted[wrong].tolist()))
    for (true, predicted), number in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:PAIRS]:
        rows = [row for row in wrong.tolist() if (found.labels[row], found.predicted[row]) == (true, predicted)]
        title = f"{labels[true]} taken for {labels[predicted]}: {number:,} of {int((found.labels == true).sum()):,}"
        yield Gallery(title, tuple(mistake(row) for row in rows[:EACH]))
    if shared is not None:
        rows = [row for row in wrong.tolist() if shared[row]]
        title = f"Wrong in every one of the finished runs: {len(rows):,} of {len(shared):,}"
        yield Gallery(title, tuple(mistake(row) for row in rows[:SHARED]))


def _wrong_in_all(store: Store, summary: Summary, best: Predictions) -> NDArray[np.bool_] | None:
    """[N] whether all finished runs answer a row wrongly; None where only one finished."""
    wrong = ~best.correct
    others = 0
    for found in _finished(store, summary):
        if found.ids != best.ids:
            return None
        wrong &= ~found.correct
        others += 1
    return wrong if others > 1 else None


def _least_error(store: Store, summary: Summary, best: Predictions) -> NDArray[np.float64] | None:
    """[N] the smallest size of a row's error over all finished runs; None where only one finished."""
    least, others = np.abs(best.predicted - best.labels), 0
    for found in _finished(store, summary):
        if found.ids != best.ids:
            return None
        least = np.minimum(least, np.abs(found.predicted - found.labels))
        others += 1
    return least if others > 1 else None


def _finished(store: Store, summary: Summary) -> Iterator[Predictions]:
    """The answers of all finished runs, one after another."""
    for run in summary.runs:
        if run.done and run.test is not None:
            yield store.predictions(run.record.id, "test")
