"""Words of a text replaced, left out or swapped, with punctuation, white space and capitals where they were.

Wei and Zou 2019 ("EDA", arXiv 1901.11196), section 2: synonym replacement, random deletion, random swap. As there, the
number of changes is a share of the words and one at least. Unlike there, deletion leaves out that number of words
exactly; a swap is of two words of the same case pattern, so that a sentence still begins with a capital letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from random import Random

Synonyms = Callable[[str], Sequence[str]]
"""The synonyms of a word in lower case; none where there are none."""

_TOKEN = re.compile(r"\S+")
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_ENDINGS = ".,;:!?…"
_PLAIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def replace_words(text: str, share: float, random: Random, synonyms: Synonyms) -> str:
    """Words that have synonyms, drawn at random, each replaced by one of its synonyms.

    >>> replace_words("Late AGAIN!", 0.5, Random(0), {"late": ["tardy"], "again": ["anew"]}.get)
    'Late ANEW!'
    """
    words = _Words(text)
    left = _number(share, len(words.cores))
    for place in _shuffled(range(len(words.cores)), random):
        word = words.cores[place]
        choice = synonyms(word.lower()) if _PLAIN.fullmatch(word) else ()
        if choice:
            words.cores[place] = cased(choice[_below(len(choice), random)], word)
            left -= 1
        if not left:
            break
    return words.joined()


def delete_words(text: str, share: float, random: Random) -> str:
    """Words drawn at random left out; never all of them.

    >>> delete_words("Late, again and again.", 0.25, Random(1))
    'Again and again.'
    """
    words = _Words(text)
    number = min(_number(share, len(words.cores)), len(words.cores) - 1)
    words.drop(list(islice(_shuffled(range(len(words.cores)), random), max(0, number))))
    return words.joined()


def swap_words(text: str, share: float, random: Random) -> str:
    """Two words of the same case pattern change places, as often as the share says.

    >>> swap_words("Late again, dear courier!", 0.25, Random(2))
    'Late again, courier dear!'
    """
    words = _Words(text)
    for _ in range(_number(share, len(words.cores))):
        by_case: dict[str, list[int]] = {}
        for place, word in enumerate(words.cores):
            by_case.setdefault(case_of(word), []).append(place)
        movable = [place for places in by_case.values() if len(places) > 1 for place in places]
        if not movable:
            break
        one = movable[_below(len(movable), random)]
        others = [place for place in by_case[case_of(words.cores[one])] if place != one]
        other = others[_below(len(others), random)]
        words.cores[one], words.cores[other] = words.cores[other], words.cores[one]
    return words.joined()


def case_of(word: str) -> str:
    """``lower``, ``Title``, ``UPPER``, or ``mixed``; one capital letter alone is a title.

    >>> [case_of(word) for word in ("late", "Late", "LATE", "iPhone", "I", "24")]
    ['lower', 'Title', 'UPPER', 'mixed', 'Title', 'lower']
    """
    if word == word.lower():
        return "lower"
    if word[0].isupper() and word[1:] == word[1:].lower():
        return "Title"
    return "UPPER" if word == word.upper() else "mixed"


def cased(word: str, pattern: str) -> str:
    """A word in lower case, in the case pattern of another one (or of ``Title``, ``UPPER`` themselves).

    >>> cased("tardy", "LATE"), cased("ice cream", "Gelato"), cased("tardy", "late")
    ('TARDY', 'Ice cream', 'tardy')
    """
    case = case_of(pattern)
    return word.upper() if case == "UPPER" else word[:1].upper() + word[1:] if case == "Title" else word


class _Words:
    """A text taken apart: what stands between white space, and of each the word without its punctuation."""

    def __init__(self, text: str) -> None:
        self.gaps = _TOKEN.split(text)
        """White space before, between and after the tokens."""
        self.tokens = [_parts(token) for token in _TOKEN.findall(text)]
        self._at = [number for number, token in enumerate(self.tokens) if token[1]]
        self.cores = [self.tokens[number][1] for number in self._at]
        """The words; change them, then call ``joined``."""

    def drop(self, places: Sequence[int]) -> None:
        """Leave words out; signs that open go to the next word, those that end a clause to the one before."""
        first = self._at[0] if self._at else -1
        for place in sorted(places, reverse=True):
            number, case = self._at[place], case_of(self.cores[place])
            before, _, after = self.tokens.pop(number)
            del self.gaps[number or 1], self.cores[place]
            if number < len(self.tokens) and not after:
                left, core, right = self.tokens[number]
                self.tokens[number] = (before + left, core, right)
            ending = "".join(sign for sign in after if sign in _ENDINGS)
            if number and ending:
                left, core, right = self.tokens[number - 1]
                self.tokens[number - 1] = (left, core, right.rstrip(_ENDINGS) + ending)
            if number == first and self.cores and case == "Title" and case_of(self.cores[0]) == "lower":
                self.cores[0] = cased(self.cores[0], case)
        self._at = [number for number, token in enumerate(self.tokens) if token[1]]

    def joined(self) -> str:
        """The text."""
        for number, core in zip(self._at, self.cores):
            self.tokens[number] = (self.tokens[number][0], core, self.tokens[number][2])
        parts = [self.gaps[0]]
        for token, gap in zip(self.tokens, self.gaps[1:]):
            parts += [*token, gap]
        return "".join(parts)


@lru_cache(maxsize=200_000)
def _parts(token: str) -> tuple[str, str, str]:
    """Signs before a word, the word (empty where there is none), signs after it.

    Mentions, tags and addresses are words as they stand; markup holds none.

    >>> _parts('"Late,'), _parts("@user"), _parts("<br"), _parts("...")
    (('"', 'Late', ','), ('', '@user', ''), ('<br', '', ''), ('...', '', ''))
    """
    if any(sign in token for sign in "<>\\"):
        return token, "", ""
    if token[0] in "@#" or "://" in token:
        return "", token, ""
    core = _CORE.search(token)
    return (token[: core.start()], core[0], token[core.end() :]) if core else (token, "", "")


def _number(share: float, words: int) -> int:
    return max(1, round(share * words))


def _below(number: int, random: Random) -> int:
    """A whole number from 0. Only ``Random.random`` promises to draw the same in all versions of Python."""
    return int(random.random() * number)


def _shuffled(places: Sequence[int], random: Random) -> Iterator[int]:
    """The places in random order, drawn one by one."""
    left = list(places)
    while left:
        drawn = _below(len(left), random)
        left[drawn], left[-1] = left[-1], left[drawn]
        yield left.pop()
