"""The largest errors of the best run where a number is predicted: its own, and those that every run shares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tunefork.report.copies import Copies
from tunefork.report.gallery import CONFIDENT, SHARED, Gallery, Mistake
from tunefork.report.units import Units
from tunefork.store import Predictions


def galleries_of_numbers(
    found: Predictions, units: Units, copies: Copies, least: NDArray[np.float64] | None
) -> Iterator[Gallery]:
    """Galleries of one run's answers.

    Args:
        found: its answers.
        units: how they are told.
        copies: of the rows.
        least: [N] the smallest size of a row's error over all finished runs; None where only one finished.
    """
    errors, predicted = found.predicted - found.labels, found.predicted

    def gallery(title: str, sizes: NDArray[np.float64], most: int) -> Gallery:
        rows = np.argsort(-sizes, kind="stable")[:most]
        made = tuple(
            Mistake(
                found.ids[row],
                units.number(float(found.labels[row])),
                units.number(float(predicted[row])),
                f"error {units.number(float(errors[row]), sign=True)}",
                copies.of(found.ids[row]),
            )
            for row in rows.tolist()
            if sizes[row] > 0
        )
        return Gallery(title, made)

    yield gallery("Largest errors", np.abs(errors), CONFIDENT)
    if least is not None:
        yield gallery("Furthest off in every one of the finished runs", least, SHARED)
