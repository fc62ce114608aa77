"""Examples in docstrings as blocks of code: without it ``>>>`` would be a quotation of a quotation."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^Examples:\n", re.MULTILINE)
"""Griffe's own section, in which it finds examples by itself."""


class Doctests(griffe.Extension):
    """Puts a fence around every example of a docstring."""

    def on_instance(self, *, obj: griffe.Object, **more: Any) -> None:
        """An object of the package was read."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""A docstring whose examples are blocks.

    >>> fenced("It adds.\n\n>>> 1 + 1\n2").splitlines()
    ['It adds.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    if SECTION.search(text):
        return text

    def fence(match: re.Match[str]) -> str:
        return f"{match['indent']}```pycon\n{match[0]}\n{match['indent']}```"

    return EXAMPLE.sub(fence, re.sub(r" +# doctest: \+\w+", "", text))
