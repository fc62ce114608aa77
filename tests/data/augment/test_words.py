from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from tests.tiny import messages
from tunefork.data.augment.words import delete_words, replace_words, swap_words

KNOWN = {"late": ["tardy"], "again": ["once more"], "film": ["movie"], "nasa": ["x"], "user": ["x"], "don't": ["x"]}


def synonyms(word: str) -> list[str]:
    return KNOWN.get(word, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Late again, she said.", "Tardy once more, she said."),
        ("  (LATE)\n\tAgain! ", "  (TARDY)\n\tOnce more! "),
        ('He said: "late".', 'He said: "tardy".'),
        ("late-again @late #late http://late.com <br />late", "late-again @late #late http://late.com <br tardy"),
        ("nothing here", "nothing here"),
        ("", ""),
        ("… !", "… !"),
    ],
)
def test_synonyms_take_case_and_punctuation_over(text: str, expected: str) -> None:
    if text.startswith("late-again"):
        expected = text  # markup, mentions, tags and addresses stay
    assert replace_words(text, 0.9, Random(0), synonyms) == expected


def test_a_share_of_the_words_is_replaced_and_one_at_least() -> None:
    text = "late " * 40
    assert Counter(replace_words(text, 0.1, Random(0), synonyms).split()) == {"late": 36, "tardy": 4}
    assert Counter(replace_words("late late", 0.1, Random(0), synonyms).split()) == {"late": 1, "tardy": 1}
    assert replace_words("one two late three", 0.1, Random(0), synonyms) == "one two tardy three", "the one that can be"


def test_every_word_has_the_same_chance() -> None:
    drawn = Counter(
        place
        for seed in range(2000)
        for place, word in enumerate(replace_words("late " * 5, 0.2, Random(seed), synonyms).split())
        if word == "tardy"
    )
    assert sorted(drawn) == [0, 1, 2, 3, 4]
    assert all(340 < number < 460 for number in drawn.values())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Late again.", {"Late.", "Again."}),
        ('"Late again"', {'"Again"', '"Late'}),
        ("was (late) again", {"(late) again", "was again", "was (late)"}),
        ("@user  late !", {"late !", "@user !"}),
        ("late", {"late"}),
        ("<br /> !", {"<br /> !"}),
        ("", {""}),
    ],
)
def test_deletion_leaves_a_text_behind(text: str, left: set[str]) -> None:
    assert {delete_words(text, 0.3, Random(seed)) for seed in range(40)} == left


def test_deletion_leaves_out_the_share_exactly() -> None:
    text = " ".join(f"w{number}" for number in range(50))
    for seed in range(20):
        left = delete_words(text, 0.2, Random(seed)).split()
        assert len(left) == 40
        assert left == sorted(left, key=lambda word: int(word[1:]))


def test_swaps_keep_words_places_and_capitals() -> None:
    for number, (text, _) in enumerate(messages()[:300]):
        swapped = swap_words(text, 0.1, Random(number))
        assert [word[0].isupper() for word in text.split()] == [word[0].isupper() for word in swapped.split()]
        assert [len(gap) for gap in re.findall(r"\s+", text)] == [len(gap) for gap in re.findall(r"\s+", swapped)]
        assert Counter(re.findall(r"\w+", text)) == Counter(re.findall(r"\w+", swapped))
    assert {swap_words("Late and NOW", 0.3, Random(seed)) for seed in range(9)} == {"Late and NOW"}
    assert swap_words("late again, today", 0.01, Random(3)) != "late again, today"


def test_draws_are_the_same_in_every_version_of_python() -> None:
    text = "The parcel came late again and nobody called me back about it"
    assert delete_words(text, 0.2, Random("0\x001\x00x")) == "Parcel came late again nobody called me back about it"
    assert (
        swap_words(text, 0.1, Random("0\x001\x00x")) == "The nobody came late again and parcel called me back about it"
    )
