"""report.html: one file with everything, that needs no network and runs no scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunefork import metrics
from tunefork.report.figures import Drawing, inline_svg
from tunefork.report.measures import class_scores, told
from tunefork.report.mistakes import Gallery
from tunefork.report.pairs import pair_rows
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import Summary
from tunefork.report.tables import Table, step_table, table
from tunefork.report.verdict import Verdict
from tunefork.report.wording import METRICS, UNKNOWN, duration, memory, percent, plain_percent

CLASSES = 12
"""Largest confusion matrix that is shown whole; of more classes, the pairs that are confused most."""


@dataclass(frozen=True)
class Cell:
    """A count of the confusion matrix and how dark it is shown (0–1, the share of its true class)."""

    count: int
    shade: float
    right: bool


@dataclass(frozen=True)
class RunSection:
    """What the page shows of one run."""

    id: str
    title: str
    status: str
    reason: str
    best: bool
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    steps: Table
    labels: tuple[str, ...]
    confusion: tuple[tuple[Cell, ...], ...]
    confused: tuple[tuple[str, str, int], ...]
    """True class, predicted class, count; instead of the matrix where there are many classes."""
    scores: tuple[tuple[str, ...], ...]
    """Per class: label, precision, recall, F1, support."""
    notices: tuple[str, ...]


def html(summary: Summary, found: Verdict, drawings: Sequence[Drawing], galleries: Sequence[Gallery] = ()) -> str:
    """The report as an HTML page. Every text of the study is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("tunefork.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        study=summary.study,
        verdict=found,
        table=table(summary),
        # our own SVG: Matplotlib escaped the texts in it
        figures=[(drawing, Markup(inline_svg(drawing))) for drawing in drawings],
        pairs=pair_rows(found.judgement),
        metric=METRICS[summary.judged_by],
        margin=summary.judging.margin,
        galleries=galleries,
        best=next((_title(run) for run in summary.runs if run.record.id == summary.best), ""),
        runs=[_section(run, summary) for run in summary.runs],
        data=_data(summary),
        environment=_flat(summary.study.environment),
    )


def _section(run: RunSummary, summary: Summary) -> RunSection:
    record, labels = run.record, summary.study.labels
    matrix, pairs, scores = _answers(run, summary)
    return RunSection(
        id=record.id,
        title=_title(run),
        status=record.status,
        reason=record.reason,
        best=record.id == summary.best,
        facts=_facts(run, summary),
        settings=_flat(record.config),
        steps=step_table(run),
        labels=labels,
        confusion=matrix,
        confused=pairs,
        scores=scores,
        notices=record.notices,
    )


def _title(run: RunSummary) -> str:
    return f"{run.record.name}, seed {run.record.seed}"


def _facts(run: RunSummary, summary: Summary) -> tuple[tuple[str, str], ...]:
    record, counts = run.record, run.record.counts
    parts = ((counts.adapter, "adapter"), (counts.head, "head"), (counts.backbone, "backbone"))
    facts = [
        ("run", record.id),
        ("trainable", f"{counts.trainable:,}: " + " + ".join(f"{count:,} {part}" for count, part in parts if count)),
        ("of all parameters", f"{plain_percent(counts.peft_percent)} % of {counts.peft_total:,} (as PEFT counts)"),
    ]
    for split, one in (("test", run.test), ("validation", run.validation)):
        if one:
            facts.append((split, told(one, summary)))
    if run.calibration:
        facts.append(("calibration", str(run.calibration)))
    kept = "" if record.best_step is None else f"; weights of step {record.best_step} kept"
    facts.append(("steps", f"{record.steps:,}{' (stopped early)' if record.stopped_early else ''}{kept}"))
    converged = {True: "yes", False: "no: the validation loss was still falling", None: "not known"}
    facts.append(("converged", converged[record.converged]))
    facts.append(
        ("time", f"{duration(record.seconds_alone)} alone; {duration(record.seconds)} as its share of a group")
    )
    facts += [("peak memory", memory(record.peak_memory_mb or None)), ("precision", record.precision or UNKNOWN)]
    return tuple(facts)


def _answers(run: RunSummary, summary: Summary) -> tuple[Any, Any, Any]:
    """Confusion matrix or pairs, and the scores per class, on test."""
    if run.answers is None or not len(run.answers.labels):
        return (), (), ()
    predicted, true, labels = run.answers.predicted, run.answers.labels, summary.study.labels
    counts = metrics.confusion(predicted, true, len(labels))
    scores = tuple(
        (one.label, percent(one.precision), percent(one.recall), percent(one.f1), f"{one.support:,}")
        for one in class_scores(run, summary)
    )
    if len(labels) <= CLASSES:
        totals = counts.sum(axis=1)
        matrix = tuple(
            tuple(
                Cell(int(count), round(float(count) / max(1, int(totals[row])), 2), row == column)
                for column, count in enumerate(line)
            )
            for row, line in enumerate(counts)
        )
        return matrix, (), scores
    wrong = [
        (int(counts[row, column]), row, column) for row, column in zip(*counts.nonzero(), strict=True) if row != column
    ]
    worst = sorted(wrong, key=lambda pair: (-pair[0], pair[1:]))[:15]
    return (), tuple((labels[row], labels[column], count) for count, row, column in worst), scores


def _data(summary: Summary) -> tuple[tuple[str, str], ...]:
    study = summary.study
    facts = [("task", study.task), ("model", study.model)]
    facts += [(f"{split} rows", f"{rows:,}") for split, rows in study.rows.items()]
    shown = ", ".join(study.labels[:30]) + (f" and {len(study.labels) - 30} more" if len(study.labels) > 30 else "")
    facts += [("labels", f"{len(study.labels)}: {shown}"), ("data hash", study.data_hash)]
    facts += [
        (f"{split} texts longer than the limit", f"{percent(share, 1)} %") for split, share in study.truncated.items()
    ]
    return tuple(facts)


def _flat(content: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Nested settings as dotted names; what is unset is left out."""
    found: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        elif value is not None and value != []:
            found.append(
                (f"{prefix}{key}", "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
            )
    return tuple(found)
