"""The one table of a study, in blocks: as Markdown, for the terminal, and as values for HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tunefork.config import HEADLINE
from tunefork.report.columns import Column, columns_of
from tunefork.report.measures import all_metrics
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary, summarise
from tunefork.report.units import Units
from tunefork.report.wording import (
    MADE_UP,
    UNKNOWN,
    duration,
    memory,
    number,
    plain_percent,
    several,
    short_duration,
    wrapped,
)
from tunefork.store import Store
from tunefork.uncertainty import Estimate

if TYPE_CHECKING:
    from rich.table import Table as RichTable

NAME_WIDTH = 22
"""Of the first column in the terminal: what 100 columns leave."""
Kind = Literal["best", "plain", "broken", "reference"]


@dataclass(frozen=True)
class Row:
    """One line: the text of every column, and what kind of line it is."""

    cells: tuple[str, ...]
    kind: Kind = "plain"
    number: int | None = None
    """The configuration's place in the study; None for lines that are none."""


@dataclass(frozen=True)
class Block:
    """Lines under one title; the title is empty when the study has no blocks."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """The table as text: a caption, columns, blocks of lines, and notes below."""

    caption: str
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]


def table(summary: Summary, *, wide: bool = True) -> Table:
    """The study's table. A configuration of several blocks is shown in each.

    Args:
        summary: the study.
        wide: with intervals and the columns that compare against full fine-tuning; without, it fits a terminal.
    """
    versus = wide and any(one.kept is not None for one in summary.configurations)
    metrics, headline = columns_of(summary, wide), summary.units.name(HEADLINE[summary.study.problem])
    columns = ["run", "trainable", "% of total" if wide else "%", *(column.title for column in metrics)]
    columns += ["time", "memory"] + ["fewer parameters %", f"of full's {headline} %"] * versus
    blocks = [
        Block(title, tuple(_row(one, summary, metrics, versus, wide) for one in shown))
        for title, shown in summary.blocks
    ]
    references = _references(summary, metrics, versus)
    if references:
        titled = any(block.title for block in blocks)
        blocks.append(Block("for comparison" if titled else "", references))
    return Table(_caption(summary), tuple(columns), tuple(blocks), _notes(summary))


def as_markdown(content: Table) -> str:
    """A table in Markdown, with one line per block title."""
    lines = [_line(content.columns), _line(["---"] + ["---:"] * (len(content.columns) - 1))]
    for block in content.blocks:
        if block.title:
            lines.append(_line([f"**{_escaped(block.title)}**"] + [""] * (len(content.columns) - 1)))
        for row in block.rows:
            cells = [_escaped(cell) for cell in row.cells]
            lines.append(_line([f"**{cells[0]}**", *cells[1:]] if row.kind == "best" else cells))
    lines = [content.caption, "", *lines] if content.caption else lines
    lines += ["", *(f"- {_escaped(note)}" for note in content.notes)] if content.notes else []
    return "\n".join(lines) + "\n"


def as_rich(content: Table) -> RichTable:
    """A table for the terminal. Text is shown as it is; brackets in it are no markup."""
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    if content.caption:
        drawn.title, drawn.title_justify, drawn.title_style = Text(content.caption), "left", "dim"
    for place, column in enumerate(content.columns):
        drawn.add_column(column, justify="right" if place else "left", no_wrap=bool(place), overflow="fold")
    styles = {"best": "bold green", "plain": "", "broken": "red", "reference": "dim"}
    for block in content.blocks:
        if block.title:
            drawn.add_row(Text(wrapped(block.title, NAME_WIDTH), style="bold"), *[""] * (len(content.columns) - 1))
        for row in block.rows:
            name = Text(wrapped(row.cells[0], NAME_WIDTH))
            drawn.add_row(name, *(Text(cell) for cell in row.cells[1:]), style=styles[row.kind])
        drawn.add_section()
    return drawn


def markdown_table(store: Store) -> str:
    """The table of a store in Markdown. Raises StoreError when the store has no study."""
    return as_markdown(table(summarise(store)))


def rich_table(summary: Summary) -> RichTable:
    """The table for the terminal; 100 columns suffice. ``table(summary).notes`` belong below it."""
    return as_rich(table(summary, wide=False))


def step_table(run: RunSummary, limit: int = 50) -> Table:
    """A run's course: one line per validation, or per training record (at most ``limit``) where there is none.

    The training loss is the mean over the steps since the line before.
    """
    units, course, rows, before = run.units, run.units.kind.course, [], 0
    columns = ("step", "epoch", "training loss", "validation loss", *(units.heading(metric) for metric in course))
    for one in (evaluation for evaluation in run.evaluations if evaluation.split == "validation"):
        loss = units.cell("loss", _training_loss(run, before, one.step))
        texts = tuple(units.cell(metric, one.metric(metric)) for metric in ("loss", *course))
        kind: Kind = "best" if one.step == run.record.best_step else "plain"
        rows.append(Row((str(one.step), number(one.epoch, 2), loss, *texts), kind))
        before = one.step
    if not rows:
        shown = run.steps[:: -(-len(run.steps) // limit) or 1]
        unknown = [UNKNOWN] * (len(course) + 1)
        rows = [Row((str(step.step), number(step.epoch, 2), units.cell("loss", step.loss), *unknown)) for step in shown]
    return Table("", columns, (Block("", tuple(rows)),), ())


def _training_loss(run: RunSummary, after: int, until: int) -> float | None:
    weighted, steps, before = 0.0, 0, 0
    for step in run.steps:
        if after < step.step <= until:
            # a record is the mean since the record before it, part of which may belong to the line above
            share = step.step - max(before, after)
            weighted, steps = weighted + step.loss * share, steps + share
        before = step.step
    return weighted / steps if steps else None


def _row(one: ConfigurationSummary, summary: Summary, metrics: Sequence[Column], versus: bool, wide: bool) -> Row:
    cells = [_name(one, summary), f"{one.counts.trainable:,}", plain_percent(one.counts.peft_percent)]
    cells += [_cell(one, summary, column) for column in metrics]
    time = one.seconds_alone
    told = duration if wide else short_duration
    cells += [told(time.mean if time else None), memory(one.peak_memory_mb)]
    cells += [plain_percent(one.reduction), plain_percent(one.kept)] * versus
    best = one.id == summary.choice.configuration
    kind: Kind = "best" if best else "plain" if one.done or not one.broken else "broken"
    return Row(tuple(cells), kind, summary.configurations.index(one))


def _name(one: ConfigurationSummary, summary: Summary) -> str:
    marks = "★ " * (one.id == summary.choice.configuration)
    ending = " †" * (one.converged is False)
    states = [status for status in one.statuses if status != "done"]
    if not states:
        return f"{marks}{one.name}{ending}"
    kinds = dict.fromkeys(states)
    if len(one.statuses) == 1:
        told = states[0]
    else:
        told = ", ".join(f"{states.count(kind)} of {len(one.statuses)} {kind}" for kind in kinds)
    return f"{marks}{one.name}{ending} ({told})"


def _cell(one: ConfigurationSummary, summary: Summary, column: Column) -> str:
    if column.interval:
        return _interval(one.estimate(column.metric), column.metric, summary.units)
    found = one.spread(summary.split, column.metric) if summary.split else None
    if found is None:
        return UNKNOWN
    deviation, show = found.deviation if column.spread else None, summary.units.cell
    return show(column.metric, found.mean) + (f" ± {show(column.metric, deviation)}" if deviation is not None else "")


def _interval(estimate: Estimate | None, metric: str, units: Units) -> str:
    """The ends of an interval, without a unit.

    >>> from tunefork.uncertainty import Interval
    >>> _interval(Estimate(0.5, Interval(0.4, 0.6), True), "accuracy", Units())
    '40.0 to 60.0'
    """
    return units.ends(metric, estimate.interval.low, estimate.interval.high).removesuffix(" %") if estimate else UNKNOWN


def _references(summary: Summary, metrics: Sequence[Column], versus: bool) -> tuple[Row, ...]:
    if summary.split != "test":
        return ()
    names, rows, units = all_metrics(summary), [], summary.units
    judged = next((column.metric for column in metrics if column.interval), "")
    known: list[tuple[str, Mapping[str, float], Estimate | None]] = [
        (one.record.name, {name: one.record.metric(name) for name in names}, one.estimate(judged) if judged else None)
        for one in summary.baselines
    ]
    known += [("before training", summary.study.baseline, None), (units.kind.floor, summary.study.majority, None)]
    for name, values, estimate in known:
        if values:
            shown = [
                _interval(estimate, column.metric, units)
                if column.interval
                else units.cell(column.metric, values.get(column.metric))
                for column in metrics
            ]
            rows.append(Row((name, UNKNOWN, UNKNOWN, *shown, *[UNKNOWN] * (4 if versus else 2)), "reference"))
    return tuple(rows)


def _caption(summary: Summary) -> str:
    return f"{MADE_UP}. {_measured_on(summary)}" if summary.study.made_up else _measured_on(summary)


def _measured_on(summary: Summary) -> str:
    if summary.split is None:
        return "Nothing has been evaluated yet."
    rows = summary.study.rows.get(summary.split)
    seeds = sorted(set(summary.seeds))
    over = f"; mean ± standard deviation over {'–'.join({str(seeds[0]): 1, str(seeds[-1]): 1})} seeds"
    return (
        f"Metrics on the {summary.split} split"
        + (f" ({several(rows, 'row')})" if rows else "")
        + (over if seeds[-1] > 1 else ", one seed each")
        + "."
    )


def _notes(summary: Summary) -> tuple[str, ...]:
    notes = []
    if summary.best:
        metric = summary.units.name(summary.choice.metric)
        notes.append(f"★ best by {summary.choice.by} {metric}; its best run is {summary.best}")
    if any(one.converged is False for one in summary.configurations):
        notes.append("† not converged: the validation loss was still falling when training ended")
    notes += [
        f"{run.record.name}, seed {run.record.seed}: {run.record.status}: {run.record.reason or 'no reason recorded'}"
        for one in summary.configurations
        for run in one.broken
    ]
    notes += [notice for one in summary.baselines for notice in one.record.notices]
    return tuple(notes)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    for sign in "\\|*`<":
        text = text.replace(sign, "&lt;" if sign == "<" else f"\\{sign}")
    return " ".join(text.split())
