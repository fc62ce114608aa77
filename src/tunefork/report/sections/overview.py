"""The table of all configurations, and how each pair of them compares."""

from __future__ import annotations

from typing import Any

from tunefork.report.pairs import pair_rows
from tunefork.report.sections.material import Material
from tunefork.report.tables import table
from tunefork.report.wording import METRICS


def configurations(material: Material) -> dict[str, Any]:
    """The table, the scores as bars, and how far each is from the best."""
    return {"table": table(material.summary), "figures": material.figures("scores", "differences")}


def pairs(material: Material) -> dict[str, Any] | None:
    """Who is ahead of whom, and whether that is shown."""
    summary, rows = material.summary, pair_rows(material.verdict.judgement)
    if not rows:
        return None
    return {"pairs": rows, "metric": METRICS[summary.judged_by], "margin": summary.judging.margin}
