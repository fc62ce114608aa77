"""In which unit and to how many digits a study's metrics are told, and what a point of each is.

A point is 0.01 of a share, a correlation or R². Errors of numbers have the number's own unit, in which 0.01 may be
nothing or everything. There a point is one hundredth of the standard deviation of the test labels, the error of who
always answers their mean: so one margin, in points, serves all metrics. One such point of RMSE moves
R² = 1 − RMSE² / variance by two points where nothing is explained, and by less the better the answers are. Differences
of errors are told in the label's unit, and what the margin is in it is said beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunefork.problem import Labels, Problem
from tunefork.report.problems import KINDS, Kind
from tunefork.report.wording import SHARES, measure, metric_name, metric_range, metric_value, percent, points

ERRORS = frozenset({"rmse", "mae"})
"""Metrics in the unit of the number that is predicted."""


@dataclass(frozen=True)
class Units:
    """How the metrics of one study are told."""

    problem: Problem = "single_label"
    deviation: float = math.nan
    """The standard deviation of the test labels of ``regression``; NaN where there are none."""

    @property
    def kind(self) -> Kind:
        """What is shown of the problem."""
        return KINDS[self.problem]

    def name(self, metric: str) -> str:
        """What a metric is called in sentences.

        >>> Units().name("accuracy"), Units("multi_label").name("accuracy")
        ('accuracy', 'whole-row accuracy')
        """
        return self.kind.names.get(metric, metric_name(metric))

    def heading(self, metric: str, unit: bool = True) -> str:
        """A column's title.

        >>> Units().heading("ece"), Units("multi_label").heading("accuracy"), Units("regression").heading("loss")
        ('ECE %', 'all right %', 'MSE')
        """
        return f"{self.kind.headings.get(metric, self.name(metric))}{' %' if unit and metric in SHARES else ''}"

    def whole(self, metric: str) -> float:
        """What a difference of 1 is for shares: 1, or the standard deviation of the labels for errors in their unit."""
        return self.deviation if metric in ERRORS and math.isfinite(self.deviation) else 1.0

    def value(self, metric: str, value: float | None, digits: int = 2) -> str:
        """A metric with its unit; ``digits`` are those of percent, of which plain numbers have two more.

        >>> Units("regression", 1.3).value("mae", 0.41372), Units("regression", 1.3).value("r2", 0.87312)
        ('0.414', '0.8731')
        """
        if self._own(metric):
            return measure(value, self._step(metric))
        text = metric_value(metric, value, digits)
        return text if self.problem == "single_label" else text.replace("-", "−")

    def cell(self, metric: str, value: float | None) -> str:
        """The same in a column whose title says the unit."""
        return self.value(metric, value).removesuffix(" %")

    def ends(self, metric: str, low: float, high: float) -> str:
        """The ends of an interval with their unit.

        >>> Units().ends("accuracy", 0.73, 0.835), Units("regression", 1.3).ends("mae", 0.39, 0.43)
        ('73.0 to 83.5 %', '0.390 to 0.430')
        """
        if self._own(metric):
            return f"{self.value(metric, low)} to {self.value(metric, high)}"
        text = metric_range(metric, low, high)
        return text if self.problem == "single_label" else text.replace("-", "−")

    def short(self, metric: str, value: float) -> str:
        """A value beside a mark whose axis says the unit, to a tenth of a point.

        >>> Units().short("accuracy", 0.787), Units("regression", 1.3).short("rmse", 0.41372)
        ('78.7', '0.414')
        """
        return self.value(metric, value) if self._own(metric) else percent(value, 1)

    def scale(self, metric: str) -> float:
        """What figures multiply values by: 100, so that a point is a point, or 1 for errors in a unit of their own."""
        return 1.0 if metric in ERRORS else 100.0

    def difference(self, metric: str, difference: float, sign: bool = False) -> str:
        """A difference in points, or in the label's unit, without the word.

        >>> Units().difference("accuracy", -0.012), Units("regression", 1.3).difference("mae", 0.0212, True)
        ('−1.2', '+0.021')
        """
        return measure(difference, self._step(metric), sign) if metric in ERRORS else points(difference, sign)

    def number(self, value: float, sign: bool = False) -> str:
        """A label of ``regression``, or the error of one.

        >>> Units("regression", 1.3).number(2.5), Units("regression", 1.3).number(-2.5, sign=True)
        ('2.500', '−2.500')
        """
        return measure(value, self.deviation / 1000, sign)

    def noun(self, metric: str) -> str:
        """What stands behind a difference: points, unless it has the label's unit."""
        return "" if metric in ERRORS else " points"

    def margin(self, metric: str, count: float) -> str:
        """A margin of so many points.

        >>> Units().margin("accuracy", 1), Units("regression", 1.3).margin("mae", 1)
        ('1 point', '0.013')
        """
        if metric in ERRORS:
            return measure(count / 100 * self.whole(metric), self._step(metric))
        return f"{count:g} point{'' if count == 1 else 's'}"

    def _own(self, metric: str) -> bool:
        """Whether a metric has the label's unit, or its square."""
        return metric in ERRORS or (metric == "loss" and self.problem == "regression")

    def _step(self, metric: str) -> float:
        """A tenth of a point."""
        return self.deviation ** (2 if metric == "loss" else 1) / 1000


def units_of(problem: Problem, labels: Labels | None) -> Units:
    """How metrics are told that were measured on these labels."""
    if problem != "regression" or labels is None or not len(labels):
        return Units(problem)
    return Units(problem, float(labels.std()))
