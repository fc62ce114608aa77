"""What every error says: what is wrong, where, what was found, what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 1000
"""Characters of one part of a message at most: a cell of a table may have millions."""
SIGNS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that end a line, steer a terminal, turn the direction of a text around, or are none at all."""


class TuneforkError(Exception):
    """An error a user can act on.

    Cause: Base of all; what is raised is one of the classes below.
    Remedy: Read the message: it ends with what to do. In Python `except TuneforkError` catches them all.
    Example: --seeds is a list of whole numbers. Found: 'three'. Write --seeds 0,1,2.

    Args:
        what: what is wrong, as a sentence without its full stop.
        where: file and row, column, option or module.
        found: what was there instead.
        fix: what to do, as a whole sentence.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str = "", found: str = "", fix: str = "") -> None:
        self.what, self.where, self.found, self.fix = what, where, found, fix
        super().__init__(what)

    def __str__(self) -> str:
        what, where, found, fix = map(one_line, (self.what, self.where, self.found, self.fix))
        place = f" ({where})" if where else ""
        found = f" Found: {found}." if found else ""
        fix = f" {fix}" if fix else ""
        return f"{what}{place}.{found}{fix}"


class ProblemsError(TuneforkError):
    """Several errors, told together, one line each. What is wrong alone is raised as it is.

    Cause: Rows, settings, model and configurations are looked at before anything trains, and more than one thing is
    wrong.
    Remedy: Deal with each line as if it stood alone. In Python `problems` has the errors themselves.
    Example: 2 problems in the study:
      1. 1 row has no label in column 'intent' (gaps.csv line 42). Found: 40 labels in 41 rows. Fill them in, or
    leave these rows out with --drop-missing (drop_missing: true).
      2. The target 'quary' selects no linear of this bert model (lora.targets). Found: roles query, key, value,
    output, mlp; linears query, key, value, dense. Use a role, or the end of a module's name.

    Args:
        problems: in the order in which they were found.
        where: what has them all.
    """

    place = "the study"
    """In what they are."""

    def __init__(self, problems: Sequence[TuneforkError], *, where: str = "") -> None:
        self.problems = tuple(problems)
        self.exit_status = max(each.exit_status for each in self.problems)
        TuneforkError.__init__(
            self, f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''} in {self.place}", where=where
        )

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n  {n}. {problem}" for n, problem in enumerate(self.problems, 1))
        place = f" ({one_line(self.where)})" if self.where else ""
        return f"{self.what}{place}:{lines}"


def one_line(text: str) -> str:
    r"""Text of unknown origin as a message may hold it: one line, not too long, nothing that a terminal would obey.

    >>> one_line("two\nlines")
    'two\\nlines'
    """
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text):,} characters)"
    return SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)
