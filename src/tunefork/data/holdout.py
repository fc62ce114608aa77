"""Holding rows out of training: seeded, stratified (strata.py), with equal texts and groups on one side.

scikit-learn has splitters that stratify and splitters that keep groups, but StratifiedGroupKFold, which does both,
gives shares 1/k only and can leave a class without training rows. Here units (rows that share a text or a group) are
visited in a seeded order and taken while every stratum stays within its quota; then, while that brings the sizes nearer
to the quotas, units that overshoot some stratum are taken too. No unit may take a stratum's last training row.

The order is that of SHA-256(seed, text), not of a random generator: it depends neither on library versions nor on the
order of rows, so a file to which rows are added keeps nearly the split it had.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunefork.data.rows import RowSet
from tunefork.data.strata import strata


@dataclass(frozen=True)
class Unit:
    """Rows that stay together."""

    places: tuple[int, ...]
    order: str
    counts: Mapping[str, int]
    """Rows per stratum."""


def hold_out(rows: RowSet, share: float, *, seed: int, purpose: str) -> tuple[list[int], list[int]]:
    """Places of the rows that stay and of those held out, both ascending.

    Args:
        rows: the training rows.
        share: of the rows to hold out, in (0, 1).
        seed: another seed gives another split.
        purpose: ``test`` or ``validation``; the two use different orders.
    """
    kinds = strata(rows.labels)
    totals = Counter(kinds)
    wanted = quotas(totals, held_size(rows, share), spare=1)
    units = make_units(rows, kinds, seed=seed, purpose=purpose)
    taken = _take(units, wanted, totals)
    held = sorted(place for unit in taken for place in unit.places)
    out = set(held)
    return [place for place in range(len(rows)) if place not in out], held


def held_size(rows: RowSet, share: float) -> int:
    """Rows to hold out: the rounded share, and one at least."""
    return max(1, round(share * len(rows)))


def subset(rows: RowSet, size: int, *, seed: int, purpose: str, least: int = 0) -> list[int]:
    """Places, ascending, of a seeded subset with the shares of the whole, and ``least`` rows of every stratum."""
    kinds = strata(rows.labels)
    wanted = quotas(Counter(kinds), size, least=least)
    ranked = sorted(
        range(len(rows)), key=lambda place: (order_of(seed, f"rows:{purpose}", rows.keys[place]), rows.ids[place])
    )
    chosen: list[int] = []
    for place in ranked:
        if wanted[kinds[place]] > 0:
            wanted[kinds[place]] -= 1
            chosen.append(place)
    return sorted(chosen)


def quotas(totals: Mapping[str, int], size: int, *, spare: int = 0, least: int = 0) -> dict[str, int]:
    """Rows per stratum that add up to ``size`` where possible, in proportion to ``totals`` (largest remainders).

    Args:
        totals: rows there are of each stratum.
        size: rows wanted.
        spare: rows of each stratum that may not be taken.
        least: rows of each stratum that are taken at least.

    >>> quotas({"a": 70, "b": 30}, 11)
    {'a': 8, 'b': 3}
    """
    whole = sum(totals.values())
    names = sorted(totals)
    room = {name: max(0, totals[name] - spare) for name in names}
    exact = {name: size * totals[name] / whole for name in names}
    given = {name: min(room[name], max(least, int(exact[name]))) for name in names}
    while sum(given.values()) < size and any(given[name] < room[name] for name in names):
        open_names = [name for name in names if given[name] < room[name]]
        given[max(open_names, key=lambda name: exact[name] - given[name])] += 1
    while sum(given.values()) > size and any(given[name] > least for name in names):
        given[max(names, key=lambda name: (given[name] > least, given[name] - exact[name]))] -= 1
    return given


def make_units(rows: RowSet, kinds: Sequence[str], *, seed: int, purpose: str) -> list[Unit]:
    """Rows joined where they share a text or a group, in the seeded order; ``kinds`` are their strata."""
    owner = list(range(len(rows)))

    def root(place: int) -> int:
        while owner[place] != place:
            owner[place] = owner[owner[place]]
            place = owner[place]
        return place

    for marks in (rows.keys, rows.groups):
        first: dict[str, int] = {}
        for place, mark in enumerate(marks):
            if mark is not None:
                owner[root(place)] = root(first.setdefault(mark, place))
    members: dict[int, list[int]] = {}
    for place in range(len(rows)):
        members.setdefault(root(place), []).append(place)
    units = [
        Unit(
            tuple(places),
            min(order_of(seed, purpose, rows.keys[place]) for place in places),
            Counter(kinds[place] for place in places),
        )
        for places in members.values()
    ]
    return sorted(units, key=lambda unit: unit.order)


def order_of(seed: int, purpose: str, key: str) -> str:
    """A text's place in the seeded order."""
    return hashlib.sha256(f"{seed}\0{purpose}\0{key}".encode()).hexdigest()


def _take(units: Sequence[Unit], wanted: dict[str, int], totals: Mapping[str, int]) -> list[Unit]:
    left, stay = dict(wanted), dict(totals)
    taken: list[Unit] = []
    for exact in (True, False):
        rest: list[Unit] = []
        for unit in units:
            fits = _fits(unit, left) if exact else _nearer(unit, left)
            if fits and all(stay[kind] > number for kind, number in unit.counts.items()):
                taken.append(unit)
                for kind, number in unit.counts.items():
                    left[kind] -= number
                    stay[kind] -= number
            else:
                rest.append(unit)
        units = rest
    return taken


def _fits(unit: Unit, left: Mapping[str, int]) -> bool:
    return all(left[kind] >= number for kind, number in unit.counts.items())


def _nearer(unit: Unit, left: Mapping[str, int]) -> bool:
    """Whether the rows still missing, summed over strata, become fewer."""
    after = sum(abs(left[kind] - number) - abs(left[kind]) for kind, number in unit.counts.items())
    return after < 0
