"""Training rows and their changed copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tunefork.config import TextAugmentation
from tunefork.data.augment.synonyms import find_synonyms
from tunefork.data.augment.words import delete_words, replace_words, swap_words
from tunefork.data.rows import RowSet, normalise
from tunefork.data.table import count

SHOWN = 3
"""Samples that are kept."""
WIDTH = 12
"""Words of a sample that are shown, around the first that changed."""
_WAYS = {
    "replace": "{:g} % of the words replaced by synonyms from {source}",
    "delete": "{:g} % of the words left out",
    "swap": "{:g} % of the words swapped",
}

Change = Callable[[str, Random], str]


@dataclass(frozen=True)
class Sample:
    """A copy, beside what it was made of."""

    id: str
    """Of the copy: the row's id, and the copy's number."""
    before: str
    after: str


@dataclass(frozen=True)
class Augmented:
    """What augmentation did."""

    settings: dict[str, Any]
    rows: int
    """Training rows before."""
    copies: int
    """Rows that were added."""
    ways: dict[str, int]
    """Copies by how they were changed: replace, delete, swap."""
    unchanged: int
    """Copies left out because nothing in their text could be changed."""
    known: int
    """Copies left out because training has their text already."""
    held: int
    """Copies left out because validation or test has their text."""
    samples: tuple[Sample, ...]
    source: str = ""
    """Where the synonyms come from."""
    told: tuple[str, ...] = ()
    """What the user should know of the synonyms."""

    def written(self) -> dict[str, Any]:
        """As the store and JSON have it."""
        plain = {key: value for key, value in asdict(self).items() if key != "told"}
        return plain | {"samples": list(plain["samples"])}

    def notices(self) -> list[str]:
        """What was done, for people."""
        ways = [_WAYS[way].format(100 * share, source=self.source) for way, share in self._ways.items()]
        chosen = ", or with ".join(ways)
        times = (self.rows + self.copies) / self.rows
        found = [
            *self.told,
            f"augment: {count(self.copies, 'changed copy')} of {count(self.rows, 'training row')} added, each with "
            f"{chosen} (seed {self.settings['seed']}). An epoch has {times:.1f} times as many rows and steps. "
            "Validation and test rows are as they were.",
        ]
        reasons = {
            "nothing to change in their text": self.unchanged,
            "training has their text": self.known,
            "validation or test has their text": self.held,
        }
        left_out = [f"{count(number, 'copy')} ({reason})" for reason, number in reasons.items() if number]
        if left_out:
            found.append(f"augment: left out {', '.join(left_out)}.")
        shown = [f"“{each.before}” → “{each.after}”" for each in self.samples]
        return found + ([f"augment, for example: {'; '.join(shown)}."] if shown else [])

    @property
    def _ways(self) -> dict[str, float]:
        return TextAugmentation(**self.settings).ways


def augment(
    train: RowSet, config: TextAugmentation, held: Collection[str], base: Path | None = None
) -> tuple[RowSet, Augmented]:
    """Training rows with changed copies behind them.

    A copy depends on its row's text, its number and the seed, and on no other row. It has the label, group and place of
    its row, and its id with ``+1``, ``+2`` … behind it. Both texts of a pair are changed.

    Args:
        train: the training rows.
        config: how copies are made.
        held: normalised texts of validation and test, which no copy may equal.
        base: the folder that a relative path of synonyms starts from.

    Raises:
        TuneforkError: see ``find_synonyms``.
    """
    changes, source, told = _changes(config, base)
    taken, kept, out, ways = set(train.keys), _Copies(train), Counter[str](), Counter[str]()
    for number in range(1, config.copies + 1):
        for place, texts in enumerate(train.texts):
            random = Random(f"{config.seed}\0{number}\0{train.keys[place]}")
            way, copy = _changed(texts, changes, random)
            key = normalise(copy)
            if key == train.keys[place]:
                out["unchanged"] += 1
            elif key in held:
                out["held"] += 1
            elif key in taken:
                out["known"] += 1
            else:
                taken.add(key)
                ways[way] += 1
                kept.add(place, number, copy, key)
    return kept.rows(), Augmented(
        config.model_dump(mode="json"),
        len(train),
        len(kept),
        {way: ways[way] for way in changes},
        unchanged=out["unchanged"],
        known=out["known"],
        held=out["held"],
        samples=kept.samples(),
        source=source,
        told=told,
    )


class _Copies:
    """Copies of some rows, in the order in which they are made."""

    def __init__(self, train: RowSet) -> None:
        self._train = train
        self._places: list[int] = []
        self._ids: list[str] = []
        self._texts: list[tuple[str, ...]] = []
        self._keys: list[str] = []
        self._known = set(train.ids)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, place: int, number: int, texts: tuple[str, ...], key: str) -> None:
        name, plus = self._train.ids[place], "+"
        while f"{name}{plus}{number}" in self._known:
            plus += "+"
        self._places.append(place)
        self._ids.append(f"{name}{plus}{number}")
        self._known.add(self._ids[-1])
        self._texts.append(texts)
        self._keys.append(key)

    def rows(self) -> RowSet:
        """The training rows, and behind them their copies."""
        both = self._train.take([*range(len(self._train)), *self._places])
        begin = len(self._train)
        both.texts[begin:], both.ids[begin:], both.keys[begin:] = self._texts, self._ids, self._keys
        return both

    def samples(self) -> tuple[Sample, ...]:
        """The first copies."""
        return tuple(
            Sample(self._ids[place], *excerpts(_line(self._train.texts[row]), _line(self._texts[place])))
            for place, row in enumerate(self._places[:SHOWN])
        )


def _line(texts: tuple[str, ...]) -> str:
    return " | ".join(texts)


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Two texts around the first word in which they differ.

    >>> excerpts("a b c d e f g h i j k l m n", "a b c d e f g H i j k l m n")
    ('… d e f g h i j k l m n', '… d e f g H i j k l m n')
    """
    words = before.split(), after.split()
    same = next((place for place, pair in enumerate(zip(*words)) if pair[0] != pair[1]), min(map(len, words)))
    begin = max(0, same - WIDTH // 3) if max(map(len, words)) > WIDTH else 0

    def cut(part: list[str]) -> str:
        shown = " ".join(part[begin : begin + WIDTH])
        return "… " * (begin > 0) + shown + " …" * (begin + WIDTH < len(part))

    return cut(words[0]), cut(words[1])


def _changes(config: TextAugmentation, base: Path | None) -> tuple[dict[str, Change], str, tuple[str, ...]]:
    """How a text may be changed, by name; where synonyms come from, and notices of them."""
    changes: dict[str, Change] = {}
    source, told = "", tuple[str, ...]()
    if "replace" in config.ways:
        synonyms, source, told = find_synonyms(config.synonyms, base)
        changes["replace"] = lambda text, random: replace_words(text, config.replace, random, synonyms)
    if "delete" in config.ways:
        changes["delete"] = lambda text, random: delete_words(text, config.delete, random)
    if "swap" in config.ways:
        changes["swap"] = lambda text, random: swap_words(text, config.swap, random)
    return changes, source, told


def _changed(texts: tuple[str, ...], changes: dict[str, Change], random: Random) -> tuple[str, tuple[str, ...]]:
    """The texts changed in a way drawn at random; in another one where that changes nothing."""
    names = list(changes)
    while names:
        way = names.pop(int(random.random() * len(names)))
        copy = tuple(changes[way](text, random) for text in texts)
        if copy != texts:
            return way, copy
    return "", texts
