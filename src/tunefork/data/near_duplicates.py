"""Texts of two splits that are nearly the same: counted and shown, or left out of training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tunefork.data.rows import RowSet
from tunefork.data.similarity.pairs import THRESHOLD, NearPairs, Sketch, near_pairs, sketch
from tunefork.data.table import count
from tunefork.errors import SplitError

MATTERS = 0.01
"""Share of a split's rows from which they are a warning: fewer cannot move an accuracy by more than the verdict's
margin of one point."""
SHOWN = 3
_ROWS = {"train": "training row", "validation": "validation row", "test": "test row"}
COMPARED = (("train", "validation"), ("train", "test"), ("validation", "test"))


@dataclass(frozen=True)
class NearDuplicates:
    """Rows of one split that nearly equal a row of another."""

    first: str
    """The split that a model learns from, or is chosen by."""
    second: str
    """The split that it is measured on."""
    rows: int
    """Rows of ``second`` that nearly equal one of ``first``; of ``first``, where those are left out."""
    of: int
    """Rows of that split that were looked at."""
    same_label: int
    """Of ``rows``, those whose most similar partner has the same label."""
    pairs: tuple[tuple[str, str, float], ...]
    """The most similar: place in ``second``, place in ``first``, and their similarity (0–1)."""
    left_out: bool = False
    """Whether the rows of ``first`` were left out."""
    sampled: str = ""
    """What was looked at where it was not everything."""
    threshold: float = THRESHOLD

    @property
    def share(self) -> float:
        """Rows among those that were looked at, 0–1."""
        return self.rows / max(1, self.of)

    @property
    def matters(self) -> bool:
        """Whether they can move an accuracy by more than a point."""
        return not self.left_out and self.share >= MATTERS

    def written(self) -> dict[str, Any]:
        """As the store and JSON have it."""
        return {**asdict(self), "share": self.share, "pairs": [list(pair) for pair in self.pairs]}

    def __str__(self) -> str:
        first, second = (_ROWS[role] for role in (self.first, self.second))
        alike = f"({100 * self.threshold:.0f} % of their words or more are the same)"
        shown = "; ".join(f"{second} and {first} ({similarity:.2f})" for second, first, similarity in self.pairs)
        verb = "equals" if self.rows == 1 else "equal"
        if self.left_out:
            return f"{count(self.rows, first)} left out that nearly {verb} a {second} {alike}, such as {shown}."
        told = (
            f"{self.rows:,} of {count(self.of, second)} ({_percent(self.share)}) nearly {verb} a {first} {alike}, "
            f"{self.same_label:,} with the same label: {shown}{' and others' if self.rows > len(self.pairs) else ''}."
            f"{self.sampled}"
        )
        if not self.matters:
            return f"{told} Too few to move an accuracy by a point."
        effect = "Results on test are too good" if self.second == "test" else "Validation prefers models that remember"
        return (
            f"{told} {effect}. Keep variants of a text on one side (group: COLUMN), make copies after the split "
            "(data.augment), or set near_duplicates: drop_train."
        )


def compare_splits(pools: Mapping[str, RowSet]) -> tuple[NearDuplicates, ...]:
    """What is nearly the same in two splits, test and validation against training, validation against test.

    Very large splits are sampled, which the answer says.
    """
    sketches = {role: sketch(rows.keys) for role, rows in pools.items()}
    found = []
    for first, second in COMPARED:
        if first not in pools or second not in pools:
            continue
        pairs = near_pairs(sketches[second], sketches[first])
        told = _told(pairs, (second, pools[second], sketches[second]), (first, pools[first]))
        looked = [
            f"{sketches[role].looked:,} of {len(pools[role]):,} {role} rows"
            for role in (second, first)
            if sketches[role].looked < len(pools[role])
        ]
        if told and looked:
            told = replace(told, sampled=f" Looked at: {' and '.join(looked)}, so there are more.")
        found += [told] if told else []
    return tuple(found)


def drop_near_duplicates(pools: Mapping[str, RowSet]) -> tuple[dict[str, RowSet], tuple[NearDuplicates, ...]]:
    """The splits without training rows that nearly equal a validation or test row, nor validation rows that nearly
    equal a test row; and what was left out. Test rows are never changed, and nothing is sampled.

    Raises:
        SplitError: a split has no row left, or training none of some class or label.
    """
    kept, found = dict(pools), []
    for first, second in COMPARED:
        if first not in pools or second not in pools:
            continue
        rows, held = kept[first], kept[second]
        mine, others = sketch(rows.keys, whole=True), sketch(held.keys, whole=True)
        pairs = near_pairs(mine, others)
        told = _told(pairs, (first, rows, mine), (second, held))
        if told is None:
            continue
        out = set(pairs.rows.tolist())
        kept[first] = rows.take([place for place in range(len(rows)) if place not in out])
        _check_left(first, kept[first], rows, second)
        turned = tuple((other, one, similarity) for one, other, similarity in told.pairs)
        found.append(replace(told, first=first, second=second, pairs=turned, left_out=True))
    return kept, tuple(found)


def _told(pairs: NearPairs, asked: tuple[str, RowSet, Sketch], other: tuple[str, RowSet]) -> NearDuplicates | None:
    """The finding about the rows of one split; None where there is none."""
    (second, rows, sketched), (first, partners) = asked, other
    best: dict[int, int] = {}
    for place, partner in zip(pairs.rows.tolist(), pairs.partners.tolist()):
        best.setdefault(place, partner)  # the most similar comes first
    if not best:
        return None
    similar = dict(zip(zip(pairs.rows.tolist(), pairs.partners.tolist()), pairs.similarity.tolist()))
    shown = [
        (rows.places([place]), partners.places([best[place]]), round(similar[place, best[place]], 4))
        for place in list(best)[:SHOWN]
    ]
    mine, others = rows.labels.values, partners.labels.values
    same = sum(mine[place] == others[partner] for place, partner in best.items())
    return NearDuplicates(first, second, len(best), sketched.looked, same, tuple(shown))


def _check_left(name: str, left: RowSet, before: RowSet, other: str) -> None:
    if not len(left):
        raise SplitError(
            f"No row of {name} is left: all of its texts nearly equal one in {other}",
            where="near_duplicates: drop_train",
            found=f"{count(len(before), 'row')} before",
            fix="Give other rows, or set near_duplicates: report.",
        )
    totals, names = Counter(label for _, label in before.labels.named()), {label for _, label in left.labels.named()}
    gone = [label for label in totals if label not in names]
    if name == "train" and gone:
        which = "of the class" if before.labels.problem == "single_label" else "with the label"
        raise SplitError(
            f"No training row {which} '{gone[0]}' is left: all of its texts nearly equal one in {other}",
            where="near_duplicates: drop_train",
            found=f"{count(totals[gone[0]], 'row')} before",
            fix="Give other rows, or set near_duplicates: report.",
        )


def _percent(share: float) -> str:
    """A share for people, also a very small one.

    >>> _percent(0.018), _percent(0.0002)
    ('1.8 %', '0.02 %')
    """
    return f"{100 * share:.{1 if share >= 0.001 else 2}f} %"
