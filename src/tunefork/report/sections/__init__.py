"""The sections of report.html, in their order.

A section is a function from the material to what its partial ``templates/sections/NAME.html.j2`` shows, or None where
the study has nothing for it. To add one: a function, a partial, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tunefork.report.sections import about, counts, examples, further, overview, plots, runs
from tunefork.report.sections.material import Material

__all__ = ["SECTIONS", "Material", "Section"]


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    name: str
    """Its anchor on the page, and its partial."""
    title: str
    values: Callable[[Material], Mapping[str, Any] | None]


SECTIONS = (
    Section("configurations", "All configurations", overview.configurations),
    Section("pairs", "Every pair", overview.pairs),
    Section("cost", "What it costs", plots.cost),
    Section("lora", "Rank and targets", plots.lora),
    Section("search", "What the search chose", further.search),
    Section("curves", "Learning curves", plots.courses),
    Section("calibration", "How sure it is", plots.calibration),
    Section("mistakes", "Mistakes on test", examples.mistakes),
    Section("disagreements", "Where strategies disagree", examples.apart),
    Section("effects", "What fine-tuning did to the model", further.effects),
    Section("counts", "Parameters, counted twice", counts.derived),
    Section("settings", "What the settings mean", about.meanings),
    Section("runs", "Runs", runs.every_run),
    Section("copies", "Copies of training texts", further.copies),
    Section("data", "Data", about.data),
    Section("repeat", "Environment, and how to repeat it", about.repeating),
    Section("reading", "How to read this", about.reading),
)
