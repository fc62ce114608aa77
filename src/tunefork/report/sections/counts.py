"""Counts derived on paper beside counts found in the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunefork.report.sections.material import Material
from tunefork.report.summary import ConfigurationSummary

PARTS = ("adapter", "head", "backbone")


@dataclass(frozen=True)
class Line:
    """One formula, or the sum of several."""

    part: str
    what: str
    formula: str
    derived: int
    """What the formula gives."""
    counted: int | None
    """What was counted in the tensors that trained, on the line of a part's sum; None before the run."""


@dataclass(frozen=True)
class Derivation:
    """The formulas of configurations that train the same number of parameters in the same way."""

    names: tuple[str, ...]
    lines: tuple[Line, ...]
    total: int
    counted: int | None
    """In the tensors that trained."""

    @property
    def agrees(self) -> bool | None:
        """Whether both are equal; None before anything trained."""
        return None if self.counted is None else self.counted == self.total


def derived(material: Material) -> dict[str, Any] | None:
    """The formulas of every configuration; nothing for studies that recorded none."""
    by_formulas: dict[tuple[Any, ...], list[ConfigurationSummary]] = {}
    for one in material.summary.configurations:
        formulas = one.runs[0].record.formulas
        if formulas:
            by_formulas.setdefault((formulas, _counted(one) is None), []).append(one)
    found = [_derivation(group) for group in by_formulas.values()]
    return {"derivations": found, "unknown": any(one.counted is None for one in found)} if found else None


def _derivation(group: list[ConfigurationSummary]) -> Derivation:
    formulas, counted = group[0].runs[0].record.formulas, _counted(group[0])
    lines = []
    for part in PARTS:
        own = [each for each in formulas if each.part == part]
        known = None if counted is None else counted.get(part, 0)
        for number, each in enumerate(own):
            alone = known if len(own) == 1 else None
            lines.append(Line(part if not number else "", each.what, each.text, each.count, alone))
        if len(own) > 1:
            lines.append(Line("", f"{part}, together", "", sum(each.count for each in own), known))
    total = sum(each.count for each in formulas)
    return Derivation(
        tuple(one.name for one in group), tuple(lines), total, None if counted is None else sum(counted.values())
    )


def _counted(one: ConfigurationSummary) -> dict[str, int] | None:
    return next((run.record.counted for run in one.runs if run.record.counted), None)
