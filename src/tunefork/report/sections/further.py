"""Sections that only some studies have: a search, augmented texts, what training did to the models."""

from __future__ import annotations

from typing import Any

from tunefork.report.augmentation import augmentation
from tunefork.report.searched import search_table
from tunefork.report.sections.material import Material


def search(material: Material) -> dict[str, Any] | None:
    """What was tried and chosen."""
    found = search_table(material.summary)
    return {"table": found, "figures": material.figures("search")} if found else None


def copies(material: Material) -> dict[str, Any] | None:
    """How training texts were augmented."""
    found = augmentation(material.summary.study)
    return {"augmentation": found} if found else None


def effects(material: Material) -> dict[str, Any] | None:
    """What fine-tuning did to the models."""
    return {"effects": material.effects} if material.effects else None
