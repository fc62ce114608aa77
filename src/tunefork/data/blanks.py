"""Texts that hold nothing: no character in them is ever seen."""

from __future__ import annotations

import unicodedata

UNSEEN = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""Categories of Unicode: control and format characters (zero-width ones too), separators of lines, and spaces."""
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of other categories that are drawn as nothing: joiners, fillers of Hangul, Braille without a dot."""


def blank(text: str) -> bool:
    r"""Whether nothing of a text is seen: white space, zero-width, control and format characters, or no character.

    >>> blank(""), blank(" \u200b\ufeff\x00"), blank("\u200bok")
    (True, True, False)
    """
    return not any(map(_seen, text))


def encodable(text: str) -> bool:
    r"""Whether a text has no half of a surrogate pair, which is no character and which no tokenizer takes.

    >>> encodable("\U0001f600"), encodable("\ud83d")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _seen(sign: str) -> bool:
    if sign.isascii():
        return sign.isprintable() and sign != " "
    return unicodedata.category(sign) not in UNSEEN and sign not in BLANK and not _selects(sign)


def _selects(sign: str) -> bool:
    """Whether a character only says how the one before it is drawn: a variation selector."""
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef" or "\u180b" <= sign <= "\u180f"
