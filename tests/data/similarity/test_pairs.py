"""Near pairs are those that comparing everything with everything finds."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from tests.tiny import messages
from tunefork.data.similarity import pairs as module
from tunefork.data.similarity.pairs import LEAST, THRESHOLD, near_pairs, sketch
from tunefork.data.similarity.words import jaccard, word_set


def changed(text: str, share: float, draw: random.Random) -> str:
    return " ".join(f"x{draw.randrange(9)}" if draw.random() < share else word for word in text.split())


@pytest.fixture(scope="module")
def texts() -> tuple[list[str], list[str]]:
    draw = random.Random(0)
    first = [text.lower() for text, _ in messages()[:300]]
    return first, [changed(text, draw.choice((0.05, 0.1, 0.2)), draw) for text in first]


def test_what_is_found_is_exact_and_nearly_everything_is(texts: tuple[list[str], list[str]]) -> None:
    first, second = texts
    sets = [[word_set(text) for text in side] for side in texts]
    expected = {
        (row, other): similarity
        for row, words in enumerate(sets[0])
        for other, others in enumerate(sets[1])
        if min(len(words), len(others)) >= LEAST
        and first[row] != second[other]
        and (similarity := jaccard(words, others)) >= THRESHOLD
    }
    found = near_pairs(sketch(first), sketch(second))
    told = dict(zip(zip(found.rows.tolist(), found.partners.tolist()), found.similarity.tolist()))
    assert told.items() <= expected.items()
    assert len(told) >= 0.98 * len(expected)
    assert len(expected) > 150
    assert np.all(np.diff(found.similarity) <= 0), "the most similar come first"


def test_order_of_the_rows_changes_nothing(texts: tuple[list[str], list[str]]) -> None:
    first, second = texts
    found = near_pairs(sketch(first), sketch(second))
    turned = near_pairs(sketch(first[::-1]), sketch(second[::-1]))
    last = len(first) - 1
    assert set(zip(found.rows.tolist(), found.partners.tolist())) == {
        (last - row, last - other) for row, other in zip(turned.rows.tolist(), turned.partners.tolist())
    }


def test_equal_texts_and_texts_of_few_words_are_no_near_duplicates() -> None:
    first = ["the parcel came late again today", "good movie", "one two three four five"]
    second = ["the parcel came late again today", "a good movie", "one two three four"]
    assert len(near_pairs(sketch(first), sketch(second)).rows) == 0
    assert near_pairs(sketch(["one two three four five six"]), sketch([first[2]])).similarity.tolist() == [5 / 6]


def test_nothing_is_found_in_nothing() -> None:
    assert len(near_pairs(sketch([]), sketch(["one two three four five"])).rows) == 0
    assert len(near_pairs(sketch(["one two three four five"]), sketch([])).rows) == 0


def test_texts_of_one_template_cost_no_more_than_others() -> None:
    draw = random.Random(0)
    text = "order {} of customer {} was shipped on monday and will arrive within three working days at your door"
    made = [text.format(draw.randrange(10**7), draw.randrange(10**7)) for _ in range(6000)]
    began = time.process_time()
    found = near_pairs(sketch(made[:3000]), sketch(made[3000:]))
    assert set(found.rows.tolist()) == set(range(3000))
    assert len(found.rows) == 3 * 3000
    assert time.process_time() - began < 10, "nine million pairs collide; few of them are looked at"


def test_very_large_splits_are_sampled_unless_all_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"one two three four five {row}" for row in range(100)]
    monkeypatch.setattr(module, "TEXTS", 40)
    found = sketch(texts)
    assert (found.looked, len(found.places)) == (40, 40)
    assert found.places.tolist() == sorted(found.places.tolist()) == sketch(texts).places.tolist()
    assert sketch(texts, whole=True).looked == 100
    monkeypatch.setattr(module, "TEXTS", 1000)
    monkeypatch.setattr(module, "CHARACTERS", 500)
    assert sketch(texts).looked == 19
