"""The metrics of a study's validations, as the page draws and compares them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tunefork.config import HEADLINE, LOWER_IS_BETTER
from tunefork.page.standing import plain
from tunefork.report.units import Units
from tunefork.report.wording import SHARES
from tunefork.store import EvaluationRecord, RunRecord, StudyRecord

Evaluated = list[float | None]
"""A step, and behind it every metric; None where it is not known."""


@dataclass(frozen=True)
class Measure:
    """One metric."""

    id: str
    name: str
    lower: bool
    """Whether less is better."""
    percent: bool
    """Whether it is told in percent."""


@dataclass(frozen=True)
class Measures:
    """All metrics of one study."""

    metrics: tuple[Measure, ...] = ()
    selection: str = "loss"
    """What validation chooses by."""
    headline: str = ""
    """What people look at first."""
    units: Units = Units()  # noqa: RUF009 - a frozen value

    @classmethod
    def of(cls, study: StudyRecord | None) -> Measures:
        """Those of a study; none as long as it has not begun."""
        if study is None:
            return cls()
        units, own = Units(study.problem), study.own_metrics
        lower = LOWER_IS_BETTER | {name for name, each in own.items() if each["lower"]}
        names = dict.fromkeys(["loss", *units.kind.course, study.selection_metric, *own])
        made = tuple(Measure(name, units.name(name), name in lower, name in SHARES) for name in names)
        return cls(made, study.selection_metric, HEADLINE[study.problem], units)

    def told(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [asdict(each) for each in self.metrics]

    def evaluated(self, record: EvaluationRecord) -> Evaluated:
        """An evaluation's step and metrics."""
        values = (record.metric(each.id) for each in self.metrics)
        return [record.step, *(plain(value) if math.isfinite(value) else None for value in values)]

    def kept(self, run: RunRecord, evaluated: Sequence[Evaluated]) -> dict[str, float | None] | None:
        """The evaluation whose weights a run keeps: the recorded one or, on the way, the best so far.

        Of several that are as good it is the first, as in training. None without any.
        """
        if not evaluated:
            return None
        found = next((each for each in evaluated if each[0] == run.best_step), None)
        if found is None and run.best_step is None:
            known = [each for each in evaluated if self._value(each) is not None]
            found = min(known, key=lambda each: self._sign * (self._value(each) or 0.0), default=None)
        return {"step": (found or evaluated[-1])[0], **self._named(found or evaluated[-1])}

    def leading(self, kept: dict[str, dict[str, float | None] | None]) -> str | None:
        """The id of the run whose weights validation prefers; None where none has been evaluated.

        >>> measures = Measures((Measure("loss", "loss", True, False),))
        >>> measures.leading({"a": {"loss": 0.5}, "b": {"loss": 0.4}, "c": {"loss": None}, "d": None})
        'b'
        """
        known = {run: value for run, each in kept.items() if each and (value := each.get(self.selection)) is not None}
        return min(known, key=lambda run: self._sign * known[run], default=None)

    def text(self, metric: str, value: float | None) -> str:
        """A value with its unit; empty where it is not known."""
        return "" if value is None else self.units.value(metric, value, 1)

    @property
    def _sign(self) -> int:
        return 1 if any(each.lower for each in self.metrics if each.id == self.selection) else -1

    def _value(self, evaluated: Evaluated) -> float | None:
        return self._named(evaluated).get(self.selection)

    def _named(self, evaluated: Evaluated) -> dict[str, float | None]:
        return {each.id: value for each, value in zip(self.metrics, evaluated[1:])}
