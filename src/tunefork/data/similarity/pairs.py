"""Which texts of two splits are nearly equal: candidates by MinHash, every one of them then compared word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefork.data.similarity.minhash import BANDS, agreement, collisions, signatures
from tunefork.data.similarity.words import hashed, jaccard, word_set

THRESHOLD = 0.7
"""Similarity from which two texts are nearly equal. At 0.6 chance brings twice as many short texts together, at 0.8 a
quarter to a half of the texts with every tenth word replaced are missed."""
LEAST = 5
"""Distinct words that both texts have at least: that one says “good movie” and another “a good movie” is no copy."""
SLACK = 0.12
"""Candidates are compared where MinHash estimates at least THRESHOLD − SLACK: three standard errors of 125 columns."""
ENOUGH, PARTNERS = 12, 3
"""Candidates of a text after which no more are looked for, and how many are compared, the likeliest first."""
TEXTS, CHARACTERS = 100_000, 60_000_000
"""What is looked at of a split at most, unless all is asked for: a few seconds."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """The signatures of a split's texts."""

    keys: Sequence[str]
    """Normalised texts of the whole split."""
    looked: int
    """How many of them were looked at."""
    places: NDArray[np.int64]
    """[n] those that have enough words."""
    signatures: NDArray[np.uint32]
    """[n, columns]."""


@dataclass(frozen=True, eq=False)
class NearPairs:
    """Pairs of nearly equal texts, most similar first."""

    rows: NDArray[np.int64]
    """[P] places in the split whose texts were asked about."""
    partners: NDArray[np.int64]
    """[P] places in the other split."""
    similarity: NDArray[np.float64]
    """[P] words in both / words in either; not an estimate."""


def sketch(keys: Sequence[str], *, whole: bool = False) -> Sketch:
    """The signatures of texts, of a seeded sample where there are very many.

    Args:
        keys: normalised texts.
        whole: look at all of them, however many.
    """
    looked = range(len(keys)) if whole else _sample(keys)
    places, numbers = [], []
    for place in looked:
        words = word_set(keys[place])
        if len(words) >= LEAST:
            places.append(place)
            numbers.append(hashed(words))  # the sets themselves are not kept: hundreds of megabytes of small objects
    return Sketch(keys, len(looked), np.array(places, dtype=np.int64), signatures(numbers))


def near_pairs(rows: Sketch, others: Sketch) -> NearPairs:
    """Which of ``rows`` are nearly equal to one of ``others``, without being the same text.

    A text of which there is one at similarity 0.7 is found with a probability of 0.99, at 0.8 with 0.9999. What is
    found has the similarity that is told. Of a text with many partners only some are listed.
    """
    pairs, likely = _candidates(rows.signatures, others.signatures)
    order = np.lexsort((-likely, pairs[:, 0]))
    pairs = pairs[order]
    rank = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0], "left")
    pairs = pairs[rank < PARTNERS]
    ends = np.stack([rows.places[pairs[:, 0]], others.places[pairs[:, 1]]], axis=1)
    exact = np.array([_similarity(rows.keys[one], others.keys[other]) for one, other in ends.tolist()])
    kept = np.flatnonzero(exact >= THRESHOLD)
    kept = kept[np.lexsort((ends[kept, 1], ends[kept, 0], -exact[kept]))]
    return NearPairs(ends[kept, 0], ends[kept, 1], exact[kept])


def _candidates(rows: NDArray[np.uint32], others: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs that share a band and are likely to be nearly equal, with their estimated similarities.

    A row that has enough of them is not looked at in further bands: where everything is nearly equal to everything,
    one band says so.
    """
    codes, number = np.empty(0, dtype=np.int64), max(1, len(others))
    for band in range(BANDS):
        known = np.bincount(codes // number, minlength=len(rows))
        waiting = np.flatnonzero(known < ENOUGH)
        found = collisions(rows[waiting], others, band)
        found[:, 0] = waiting[found[:, 0]]
        found = found[agreement(rows, others, found) >= THRESHOLD - SLACK]
        codes = np.sort(np.concatenate([codes, found[:, 0] * number + found[:, 1]]))
        codes = codes[np.diff(codes, prepend=-1) > 0]  # np.unique hashes, which took ten times as long on such numbers
    pairs = np.stack(np.divmod(codes, number), axis=1)
    return pairs, agreement(rows, others, pairs)


def _similarity(first: str, second: str) -> float:
    """0 for equal texts: they are somebody else's business (``leakage``)."""
    return 0.0 if first == second else jaccard(word_set(first), word_set(second))


def _sample(keys: Sequence[str]) -> Sequence[int]:
    lengths = np.fromiter(map(len, keys), np.int64, len(keys))
    if len(keys) <= TEXTS and lengths.sum() <= CHARACTERS:
        return range(len(keys))
    order = np.random.RandomState(0).permutation(len(keys))[:TEXTS]  # its stream is frozen for good
    fitting = np.searchsorted(np.cumsum(lengths[order]), CHARACTERS, "right")
    return sorted(order[: max(1, fitting)].tolist())
