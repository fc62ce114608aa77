"""A text as the set of its words, which is what similarity is measured on.

The similarity of two texts is Jaccard's: words in both / words in either (Broder 1997, "On the resemblance and
containment of documents"). Words rather than pairs of words or runs of letters, because that finds what people do to
texts: of copies with every tenth word replaced it finds 98 to 100 of 100 at 0.7, pairs of words 7 to 34, runs of five
letters 26 to 50 (docs/data.md has the table).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that are written without spaces (Thai, Lao, Burmese, Khmer, Japanese, Chinese): each sign is a word."""
_WORD = re.compile(rf"[{_SPACELESS}]|[^\W{_SPACELESS}]+")
_ASCII = bytes(sign if chr(sign).isalnum() or sign == ord("_") else ord(" ") for sign in range(128)) + bytes(128)


def word_set(text: str) -> set[bytes]:
    r"""The distinct words of a normalised text, in UTF-8: runs of letters, digits and underscores.

    >>> sorted(word_set("late, late again!")), len(word_set("又晚了"))
    ([b'again', b'late'], 3)
    """
    if text.isascii():  # nine reviews of ten; three times as fast as the expression, and the same words
        return set(text.encode().translate(_ASCII).split())
    return {word.encode() for word in _WORD.findall(text)}


def jaccard(first: set[bytes], second: set[bytes]) -> float:
    """Words in both / words in either; 0 where there are none.

    >>> jaccard({b"late", b"again"}, {b"late", b"today"})
    0.3333333333333333
    """
    both = len(first & second)
    return both / (len(first) + len(second) - both) if both else 0.0


def hashed(words: Iterable[bytes]) -> NDArray[np.uint32]:
    """A number for each word: CRC-32, the same in every process and on every machine.

    >>> hashed([b"late"]).tolist()
    [1865031573]
    """
    return np.fromiter(map(zlib.crc32, words), np.uint32)
