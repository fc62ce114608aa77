"""Rows worth a look: the best run's mistakes, and what one strategy gets right and another wrong."""

from __future__ import annotations

from typing import Any

from tunefork.report.sections.material import Material
from tunefork.report.sections.runs import title


def mistakes(material: Material) -> dict[str, Any] | None:
    """Galleries of the best run's mistakes; of numbers, all of its answers as a figure first."""
    summary = material.summary
    best = next((title(run) for run in summary.runs if run.record.id == summary.best), "")
    figures = material.figures("predicted")
    if not material.examples.galleries and not figures:
        return None
    return {
        "best": best,
        "mistaken": summary.units.kind.mistaken,
        "galleries": material.examples.galleries,
        "images": summary.study.task == "image-classification",
        "figures": figures,
    }


def apart(material: Material) -> dict[str, Any] | None:
    """A 2 × 2 table per pair of strategies, with examples."""
    found = material.examples.disagreements
    seeds = max((reply.seeds for pair in found for row in (*pair.for_first, *pair.for_second)
                 for reply in (row.first, row.second)), default=1)  # fmt: skip
    labels = material.summary.study.problem == "multi_label"
    return {"pairs": found, "several": seeds > 1, "labels": labels} if found else None
