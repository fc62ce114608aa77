"""Which columns of metrics a study's table has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunefork.report.measures import FIRST
from tunefork.report.summary import Summary

WIDE = ("mcc", "auroc", "ece")
"""Of single labels, what is shown beside the first four; weighted F1 and the Brier score tell little beside accuracy
and loss."""
INTERVAL = "95 % interval"


@dataclass(frozen=True)
class Column:
    """A metric as a column."""

    title: str
    metric: str
    spread: bool = False
    """With its standard deviation over seeds."""
    interval: bool = False
    """The interval instead of the value."""


def columns_of(summary: Summary, wide: bool) -> tuple[Column, ...]:
    """The columns of metrics, in order.

    Args:
        summary: the study.
        wide: with intervals, and with all that is known; without, it fits a terminal.
    """
    intervals = wide and summary.split == "test"
    if summary.study.problem == "single_label":
        return tuple(_of_classes(summary, wide, intervals))
    return tuple(_of_others(summary, wide, intervals))


def _of_classes(summary: Summary, wide: bool, intervals: bool) -> Iterator[Column]:
    """Accuracy has the interval, whatever the verdict is about: it is what most readers look for."""
    units, binary = summary.units, len(summary.study.labels) == 2
    further, spreads = _further(summary, FIRST, WIDE if wide else ()), wide or not binary
    if not wide:
        further = further[:1]
    yield Column("loss", "loss")
    yield Column("accuracy %", "accuracy", spread=True)
    if intervals:
        yield Column(INTERVAL, "accuracy", interval=True)
    if wide or not further:
        yield Column("macro F1", "macro_f1", spreads)
    if binary:
        yield Column("F1", "f1", spreads)
    for metric in further:
        yield Column(units.heading(metric), metric, spreads)


def _of_others(summary: Summary, wide: bool, intervals: bool) -> Iterator[Column]:
    """The interval is that of the metric that the verdict is about, and stands beside it."""
    units, judged = summary.units, summary.judged_by
    shown = units.kind.narrow
    if wide:
        known = [metric for metric in units.kind.wide if metric in shown or _known(summary, metric)]
        shown = (*known, *_further(summary, known))
    elif further := _further(summary, [*shown, "loss"]):
        shown = (*shown[:-1], further[0])  # as many as before: more would not fit
    for metric in shown:
        yield Column(units.heading(metric), metric, (wide and metric != "loss") or metric == judged)
        if intervals and metric == judged:
            yield Column(INTERVAL, metric, interval=True)


def _further(summary: Summary, there: Sequence[str], wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Metrics beside those that are there anyway, where any configuration has them: the one that validation chose by,
    those that are wanted, the user's own. The terminal's table has room for the first."""
    chosen = summary.study.selection_metric
    found = [*([] if chosen in there else [chosen]), *wanted, *summary.study.own_metrics]
    return tuple(metric for metric in dict.fromkeys(found) if _known(summary, metric))


def _known(summary: Summary, metric: str) -> bool:
    split = summary.split
    return split is not None and any(one.spread(split, metric) for one in summary.configurations)
