"""Every pair of configurations as one table: who is ahead of whom, and whether that is shown."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.report.judging import Judgement
from tunefork.report.summary import Summary
from tunefork.uncertainty import Outcome, Pair

MARKS: dict[Outcome, str] = {"better": "▲", "worse": "▼", "equivalent": "=", "undecided": "?"}
LARGEST = 20
"""Configurations in one table; more would fill no screen and no page."""


@dataclass(frozen=True)
class PairCell:
    """One configuration against another."""

    text: str
    """The mark and the difference, in points or in the label's unit."""
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
        PairRow(row + 1, one.name, tuple(_cell(known.get((row, column)), judgement.summary) for column in range(count)))
        for row, one in enumerate(judgement.compared)
    )


def _cell(pair: Pair | None, summary: Summary) -> PairCell:
    if pair is None:
        return PairCell("", "")
    units, metric, interval = summary.units, summary.judged_by, pair.difference.interval
    ends = (pair.difference.value, interval.low, interval.high)
    value, low, high = (units.difference(metric, each, sign=True) for each in ends)
    title = (
        f"{pair.outcome}: 95 % interval {low} to {high}{units.noun(metric)}; "
        f"p = {pair.different:.3f} for a difference, {pair.within:.3f} for one beyond the margin, "
        "corrected for all pairs"
    )
    return PairCell(f"{MARKS[pair.outcome]} {value}", pair.outcome, title)
