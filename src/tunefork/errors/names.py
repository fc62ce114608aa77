"""Proposals where a name is not known."""

from __future__ import annotations

from collections.abc import Sequence

NAME, LISTED = 200, 40
"""Characters of a name that is compared with others, and names that are listed, at most."""


def nearest(name: str, known: Sequence[str], limit: int = 3) -> list[str]:
    """The known names most like ``name``, best first; empty when nothing is near.

    >>> nearest("learning_rat", ["learning_rate", "epochs"])
    ['learning_rate']
    """
    from difflib import get_close_matches

    short = [each for each in known if len(each) <= NAME]  # what comparing takes grows with the square of the length
    return get_close_matches(name[:NAME], short, n=limit, cutoff=0.5)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence that proposes the nearest known name, or lists them all.

    >>> did_you_mean("epoch", ["epochs", "seeds"])
    "Did you mean 'epochs'?"
    """
    near = nearest(name, known, limit=1)
    more = f" and {len(known) - LISTED:,} more" if len(known) > LISTED else ""
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known[:LISTED])}{more}."
