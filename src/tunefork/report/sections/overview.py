"""The table of all configurations, and how each pair of them compares."""

from __future__ import annotations

from typing import Any

from tunefork.report.judged import judged_name, judged_scale, judged_unit
from tunefork.report.pairs import pair_rows
from tunefork.report.sections.material import Material
from tunefork.report.tables import table


def configurations(material: Material) -> dict[str, Any]:
    """The table, the scores as bars, and how far each is from the best."""
    return {"table": table(material.summary), "figures": material.figures("scores", "differences")}


def pairs(material: Material) -> dict[str, Any] | None:
    """Who is ahead of whom, and whether that is shown."""
    summary, rows = material.summary, pair_rows(material.verdict.judgement)
    if not rows:
        return None
    metric, margin = summary.judged_by, f"{summary.judging.margin:g} points"
    if judged_scale(summary) == 1:
        margin = summary.units.margin(metric, summary.judging.margin)
    unit = f"{judged_unit(summary)}; less is better" if judged_scale(summary) == 1 else "in points"
    return {"pairs": rows, "metric": judged_name(summary), "unit": unit, "margin": margin}
