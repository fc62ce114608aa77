"""Rows that are refused, for several reasons perhaps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import pytest

from tunefork.errors import ProblemsError, TuneforkError

E = TypeVar("E", bound=TuneforkError)


class Caught(Generic[E]):
    value: E


@contextmanager
def refuses(kind: type[E], match: str = "") -> Iterator[Caught[E]]:
    """Like ``pytest.raises``; of several problems it is the first."""
    caught: Caught[E] = Caught()
    with pytest.raises((kind, ProblemsError), match=match or None) as raised:
        yield caught
    found = raised.value
    first = found.problems[0] if isinstance(found, ProblemsError) else found
    assert isinstance(first, kind)
    caught.value = first
