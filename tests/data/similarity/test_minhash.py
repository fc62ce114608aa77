"""Signatures and collisions are those of datasketch, which makes them one text at a time."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH

from tests.tiny import messages
from tunefork.data.similarity.minhash import BANDS, ROWS, agreement, collisions, signatures
from tunefork.data.similarity.words import hashed, jaccard, word_set

COLUMNS = BANDS * ROWS


@pytest.fixture(scope="module")
def sets() -> list[set[bytes]]:
    """Real messages, the second half with one word in ten left out."""
    texts = [text.lower() for text, _ in messages()[:200]]
    cut = [" ".join(word for place, word in enumerate(text.split()) if place % 10) for text in texts]
    return [word_set(text) for text in texts + cut]


def theirs(words: set[bytes]) -> MinHash:
    made = MinHash(num_perm=COLUMNS, seed=1, hashfunc=zlib.crc32, scheme="affine32")
    made.update_batch(words)
    return made


def test_signatures_are_datasketch_s(sets: list[set[bytes]]) -> None:
    expected = np.stack([theirs(words).hashvalues for words in sets])
    np.testing.assert_array_equal(signatures([hashed(words) for words in sets]), expected)


def test_signatures_do_not_depend_on_how_many_are_made_at_once(
    sets: list[set[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [hashed(words) for words in sets]
    whole = signatures(numbers)
    monkeypatch.setattr("tunefork.data.similarity.minhash.PART", 7)
    np.testing.assert_array_equal(signatures(numbers), whole)


def test_candidates_are_those_of_datasketch_s_index(sets: list[set[bytes]]) -> None:
    index = MinHashLSH(num_perm=COLUMNS, params=(BANDS, ROWS))
    for row, words in enumerate(sets[200:]):
        index.insert(row, theirs(words))
    expected = {(row, int(found)) for row, words in enumerate(sets[:200]) for found in index.query(theirs(words))}
    made = signatures([hashed(words) for words in sets])
    found = {tuple(pair) for band in range(BANDS) for pair in collisions(made[:200], made[200:], band).tolist()}
    assert found == expected
    assert len(expected) >= 190


def test_agreement_estimates_the_similarity(sets: list[set[bytes]]) -> None:
    made = signatures([hashed(words) for words in sets])
    pairs = np.stack([np.arange(200), np.arange(200)], axis=1)
    exact = np.array([jaccard(sets[row], sets[200 + row]) for row in range(200)])
    errors = agreement(made[:200], made[200:], pairs) - exact
    assert abs(errors.mean()) < 0.01
    assert errors.std() < 1.3 * np.sqrt((exact * (1 - exact)).mean() / COLUMNS), "that of drawing with replacement"


def test_a_bucket_gives_at_most_twenty_partners() -> None:
    same = np.zeros((300, COLUMNS), dtype=np.uint32)
    found = collisions(same[:3], same, 0)
    assert np.bincount(found[:, 0]).tolist() == [20, 20, 20]
