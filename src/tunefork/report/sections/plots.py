"""Sections that are figures."""

from __future__ import annotations

from typing import Any

from tunefork.report.figures import COURSES
from tunefork.report.figures.curves import caption
from tunefork.report.sections.material import Material


def cost(material: Material) -> dict[str, Any] | None:
    """The metric against parameters, time and memory."""
    return _figures(material, "tradeoff", "tradeoff-time", "tradeoff-memory", "parameters")


def lora(material: Material) -> dict[str, Any] | None:
    """What rank and targets do."""
    return _figures(material, "rank", "targets", "rank-targets")


def courses(material: Material) -> dict[str, Any] | None:
    """Loss and accuracy, or another headline, against the step."""
    found = _figures(material, "loss", COURSES[material.summary.study.problem])
    return found and {**found, "caption": caption(material.summary)}


def calibration(material: Material) -> dict[str, Any] | None:
    """How sure the best run is, and how often it is right then."""
    return _figures(material, "reliability")


def _figures(material: Material, *names: str) -> dict[str, Any] | None:
    found = material.figures(*names)
    return {"figures": found} if found else None
