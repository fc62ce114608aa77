"""Every pair of configurations as one table: who is ahead of whom, and whether that is shown."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.report.judging import Judgement
from tunefork.report.wording import points
from tunefork.uncertainty import Outcome, Pair

MARKS: dict[Outcome, str] = {"better": "▲", "worse": "▼", "equivalent": "=", "undecided": "?"}
LARGEST = 20
"""Configurations in one table; more would fill no screen and no page."""


@dataclass(frozen=True)
class PairCell:
    """One configuration against another."""

    text: str
    """The mark and the difference in points."""
    outcome: str
    """For its colour; empty on the diagonal."""
    title: str = ""
    """The interval and the p-values."""


@dataclass(frozen=True)
class PairRow:
    """One configuration against all."""

    number: int
    name: str
    cells: tuple[PairCell, ...]


def pair_rows(judgement: Judgement | None) -> tuple[PairRow, ...]:
    """[C] rows of [C] cells; the row's configuration against the column's. Empty where there is nothing to compare."""
    if judgement is None or not judgement.pairs or len(judgement.compared) > LARGEST:
        return ()
    known = {(pair.first, pair.second): pair for one in judgement.pairs for pair in (one, one.turned)}
    count = len(judgement.compared)
    return tuple(
        PairRow(row + 1, one.name, tuple(_cell(known.get((row, column))) for column in range(count)))
        for row, one in enumerate(judgement.compared)
    )


def _cell(pair: Pair | None) -> PairCell:
    if pair is None:
        return PairCell("", "")
    interval = pair.difference.interval
    title = (
        f"{pair.outcome}: 95 % interval {points(interval.low, True)} to {points(interval.high, True)} points; "
        f"p = {pair.different:.3f} for a difference, {pair.within:.3f} for one beyond the margin, "
        "corrected for all pairs"
    )
    return PairCell(f"{MARKS[pair.outcome]} {points(pair.difference.value, True)}", pair.outcome, title)
