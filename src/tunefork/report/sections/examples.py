"""Rows worth a look: the best run's mistakes, and what one strategy gets right and another wrong."""

from __future__ import annotations

from typing import Any

from tunefork.report.sections.material import Material
from tunefork.report.sections.runs import title


def mistakes(material: Material) -> dict[str, Any] | None:
    """Galleries of the best run's mistakes."""
    summary = material.summary
    best = next((title(run) for run in summary.runs if run.record.id == summary.best), "")
    if not material.examples.galleries:
        return None
    images = summary.study.task == "image-classification"
    return {"best": best, "galleries": material.examples.galleries, "images": images}


def apart(material: Material) -> dict[str, Any] | None:
    """A 2 × 2 table per pair of strategies, with examples."""
    found = material.examples.disagreements
    seeds = max((reply.seeds for pair in found for row in (*pair.for_first, *pair.for_second)
                 for reply in (row.first, row.second)), default=1)  # fmt: skip
    return {"pairs": found, "several": seeds > 1} if found else None
