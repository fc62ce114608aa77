"""What the page is made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tunefork.report.effects.section import Effects
from tunefork.report.examples import Examples
from tunefork.report.figures import Drawing
from tunefork.report.summary import Summary
from tunefork.report.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that is shown, read and computed before any of it is rendered."""

    summary: Summary
    verdict: Verdict
    drawings: Sequence[Drawing] = ()
    examples: Examples = Examples()  # noqa: RUF009 - a frozen value
    effects: Effects | None = None
    """What fine-tuning did to the models; None where nobody measured it."""
    study_file: str = ""
    """The resolved study file; empty where the folder has none."""

    def figures(self, *names: str) -> list[Drawing]:
        """The drawings of these names and their further parts (``loss``, ``loss-2`` …), in the report's order."""
        known = re.compile(rf"({'|'.join(names)})(-\d+)?")
        return [drawing for drawing in self.drawings if known.fullmatch(drawing.name)]
