"""Rows to look at: mistakes under a title."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.report.copies import Copy

CONFIDENT = 12
"""Mistakes shown with the highest probability for the wrong class; of labels with the highest loss, of numbers with the
largest error."""
PAIRS, EACH = 6, 4
"""Pairs of classes that are confused most (labels that are missed or given wrongly most), and rows of each."""
SHARED = 12
"""Rows shown that all finished runs get wrong."""


@dataclass(frozen=True)
class Mistake:
    """One test row and a wrong answer."""

    id: str
    true: str
    predicted: str
    told: str
    """How wrong it is: the probability of the wrong answer, its loss, or its error."""
    copy: Copy
    """What was kept of the row itself."""


@dataclass(frozen=True)
class Gallery:
    """Rows to look at, under a title."""

    title: str
    mistakes: tuple[Mistake, ...]
