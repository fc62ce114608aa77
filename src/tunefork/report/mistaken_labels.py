"""Mistakes of the best run where a row has several labels: the highest losses, labels missed, labels given wrongly.

A row is a mistake where any of its labels is wrong. There are no pairs of confused classes; a label is missed or given
wrongly on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tunefork.report.copies import Copies
from tunefork.report.gallery import CONFIDENT, EACH, PAIRS, SHARED, Gallery, Mistake
from tunefork.report.wording import label_set, number
from tunefork.store import Predictions


def row_losses(answers: Predictions) -> NDArray[np.float64]:
    """[N] each row's binary cross-entropy in nats, the mean over its labels."""
    towards = np.where(answers.labels > 0, 1.0, -1.0) * answers.logits.astype(np.float64)
    return np.asarray(np.logaddexp(0.0, -towards).mean(axis=1))


def galleries_of_labels(
    found: Predictions, names: Sequence[str], copies: Copies, shared: NDArray[np.bool_] | None
) -> Iterator[Gallery]:
    """Galleries of one run's answers.

    Args:
        found: its answers.
        names: of the labels.
        copies: of the rows.
        shared: [N] rows that all finished runs get wrong; None where only one finished.
    """
    losses, predicted = row_losses(found), found.predicted
    wrong = np.flatnonzero(~found.correct)
    wrong = wrong[np.argsort(-losses[wrong], kind="stable")]

    def mistakes(rows: NDArray[np.integer]) -> tuple[Mistake, ...]:
        return tuple(
            Mistake(
                found.ids[row],
                label_set(found.labels[row], names),
                label_set(predicted[row], names),
                f"loss {number(float(losses[row]), 2)}",
                copies.of(found.ids[row]),
            )
            for row in rows.tolist()
        )

    yield Gallery("Most confident mistakes", mistakes(wrong[:CONFIDENT]))
    for title, of in _by_label(found, names):
        yield Gallery(title, mistakes(wrong[of[wrong]][:EACH]))
    if shared is not None:
        rows = wrong[shared[wrong]]
        title = f"Wrong in every one of the finished runs: {len(rows):,} of {len(shared):,}"
        yield Gallery(title, mistakes(rows[:SHARED]))


def _by_label(found: Predictions, names: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """The labels that are most often missed or given wrongly, each with a title and [N] where it is."""
    kinds = []
    true, said = found.labels > 0, found.predicted > 0
    for place, name in enumerate(names):
        for what, of, whole in (
            ("missed", true[:, place] & ~said[:, place], true[:, place]),
            ("given wrongly", said[:, place] & ~true[:, place], said[:, place]),
        ):
            title = f"{name} {what}: {int(of.sum()):,} of {int(whole.sum()):,}"
            kinds.append((int(of.sum()), title, of))
    worst = sorted(kinds, key=lambda kind: -kind[0])[:PAIRS]
    return [(title, of) for count, title, of in worst if count]
