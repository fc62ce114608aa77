"""How training texts were augmented, for report.html: the number of copies, and some beside what they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunefork.report.wording import listed, several
from tunefork.store import StudyRecord

WAYS = {"replace": "with synonyms", "delete": "with words left out", "swap": "with words swapped"}


@dataclass(frozen=True)
class Augmentation:
    """What the page shows of it."""

    caption: str
    samples: tuple[Mapping[str, Any], ...]
    """Of each, the copy's id, the text before, and after."""


def augmentation(study: StudyRecord) -> Augmentation | None:
    """The section about augmentation; None where training texts were not augmented."""
    found = study.augmentation
    if not found:
        return None
    ways = [f"{number:,} {WAYS[way]}" for way, number in found["ways"].items() if number]
    copies = f"{found['copies']:,} {'copy' if found['copies'] == 1 else 'copies'}"
    caption = f"{copies} of {several(found['rows'], 'row')}, in training only: {listed(ways) or 'none'}."
    return Augmentation(caption, tuple(found["samples"]))
