"""Every run: what it scored, its course, its confusion matrix, its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunefork.report.measures import told
from tunefork.report.run_summary import RunSummary
from tunefork.report.sections.answered import Answered, answered
from tunefork.report.sections.material import Material
from tunefork.report.summary import Summary
from tunefork.report.tables import Table, step_table
from tunefork.report.wording import UNKNOWN, duration, flat, memory, plain_percent


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
    part: str
    """What scores are told of: each class, or each label."""
    answered: Answered
    notices: tuple[str, ...]


def every_run(material: Material) -> dict[str, Any]:
    """All runs, configuration by configuration."""
    return {"runs": [_section(run, material.summary) for run in material.summary.runs]}


def title(run: RunSummary) -> str:
    """A run's name and seed."""
    return f"{run.record.name}, seed {run.record.seed}"


def _section(run: RunSummary, summary: Summary) -> RunSection:
    record, labels = run.record, summary.study.labels
    return RunSection(
        id=record.id,
        title=title(run),
        status=record.status,
        reason=record.reason,
        best=record.id == summary.best,
        facts=_facts(run, summary),
        settings=flat(record.config),
        steps=step_table(run),
        labels=labels,
        part=run.units.kind.part,
        answered=answered(run, summary),
        notices=record.notices,
    )


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
    if record.latency_ms:
        facts.append(("one answer", f"{record.latency_ms:.1f} ms on the CPU in fp32, as transformers or PEFT load it"))
    return tuple(facts)
