"""Checks before anything trains: what is wrong is collected, so that everything is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from tunefork.errors import DataError, DataProblemsError, ProblemsError, TuneforkError


class Settings(Protocol):
    """Settings that can be changed, such as ``DataConfig``."""

    def model_copy(self, *, update: dict[str, object]) -> Self:
        """A copy with other values."""


S = TypeVar("S", bound=Settings)
T = TypeVar("T")


class Preflight:
    """Collects what checks find wrong.

    A check that fails ends what stands on it, and nothing else. Rows that cannot be used are left out, as the setting
    that the message names would do, so that the rest is looked at too.

    >>> from tunefork.errors import ConfigError, LabelError
    >>> def fails(what):
    ...     raise LabelError(what, where="a.csv line 3")
    >>> checks = Preflight()
    >>> checks.look(lambda: fails("No label")), checks.look(lambda: 3)
    (None, 3)
    >>> checks.settle()
    Traceback (most recent call last):
    tunefork.errors.rows.LabelError: No label (a.csv line 3).
    """

    def __init__(self) -> None:
        self.problems: list[TuneforkError] = []

    def look(self, check: Callable[[], T]) -> T | None:
        """What a check gives; None where it found something wrong."""
        try:
            return check()
        except TuneforkError as error:
            self._note(error)
            return None

    def past(self, check: Callable[[S], T], settings: S) -> T | None:
        """The same for a check with settings, again without the rows that it found wrong until it finds none."""
        while True:
            try:
                return check(settings)
            except TuneforkError as error:
                self._note(error)
                changed = settings.model_copy(update=dict(error.past)) if isinstance(error, DataError) else settings
                if changed == settings:
                    return None
                settings = changed

    def settle(self) -> None:
        """Go on if nothing is wrong.

        Raises:
            TuneforkError: what was found; a ``ProblemsError`` where that is more than one thing.
        """
        if len(self.problems) == 1:
            raise self.problems[0]
        if self.problems:
            of_rows = all(isinstance(each, DataError) for each in self.problems)
            raise (DataProblemsError if of_rows else ProblemsError)(self.problems)

    def _note(self, error: TuneforkError) -> None:
        known = {str(each) for each in self.problems}
        found = error.problems if isinstance(error, ProblemsError) else (error,)
        self.problems += [each for each in found if str(each) not in known]
