"""Test rows that a report shows, and which of them a study should keep copies of."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.report.disagreements import Disagreement, disagreements
from tunefork.report.gallery import Gallery
from tunefork.report.mistakes import galleries
from tunefork.report.summary import Summary
from tunefork.store import Store

ROWS = 200
"""The most rows of which copies are kept."""


@dataclass(frozen=True)
class Examples:
    """Rows worth a look."""

    galleries: tuple[Gallery, ...] = ()
    """The best run's mistakes."""
    disagreements: tuple[Disagreement, ...] = ()
    """What one strategy gets right and another wrong."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The rows that are shown, in the order of the report."""
        mistakes = [mistake.id for gallery in self.galleries for mistake in gallery.mistakes]
        apart = [row.id for pair in self.disagreements for row in (*pair.for_first, *pair.for_second)]
        return tuple(dict.fromkeys([*mistakes, *apart]))


def examples(store: Store, summary: Summary) -> Examples:
    """The rows to show of a study; none before a run has answered the test rows."""
    return Examples(galleries(store, summary), disagreements(store, summary))


def wanted_rows(store: Store, summary: Summary) -> tuple[str, ...]:
    """The ids of the test rows that the report shows, at most ``ROWS`` of them."""
    return examples(store, summary).ids[:ROWS]
