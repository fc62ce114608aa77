from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefork.data.similarity.words import jaccard, word_set


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_texts_have_the_words_that_the_expression_finds(text: str) -> None:
    assert word_set(text) == {word.encode() for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't — “stop”, 24h!", {"don", "t", "stop", "24h"}),
        ("köln ist schön", {"köln", "ist", "schön"}),
        ("包裹又晚了 again", {"包", "裹", "又", "晚", "了", "again"}),
        ("荷物がおそい", {"荷", "物", "が", "お", "そ", "い"}),
        ("택배가 늦어요", {"택배가", "늦어요"}),
        ("premise\x1fhypothesis", {"premise", "hypothesis"}),
        ("😐 !!!", set()),
    ],
)
def test_words_of_other_scripts(text: str, words: set[str]) -> None:
    assert {word.decode() for word in word_set(text)} == words


def test_similarity() -> None:
    assert jaccard(word_set("a b c d"), word_set("b c d e")) == pytest.approx(3 / 5)
    assert jaccard(set(), set()) == 0
