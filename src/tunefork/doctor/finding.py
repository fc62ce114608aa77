"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "notice", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it is.

    >>> str(Finding("wrong", "Pillow 11.0", fix="pip install 'pillow>=12.3'"))
    "Pillow 11.0. pip install 'pillow>=12.3'"
    """

    level: Level
    """``notice``: works, but somebody should know."""
    what: str
    fix: str = ""
    """What to do, or what a repair does."""
    repaired: bool = False

    def __str__(self) -> str:
        rest = " Repaired." if self.repaired else f" {self.fix}" if self.fix else ""
        return f"{self.what}.{rest}"
