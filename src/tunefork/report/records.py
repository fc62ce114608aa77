"""One flat record per run: for table.csv and for data frames."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tunefork.report.measures import all_metrics
from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary


def run_rows(summary: Summary) -> list[dict[str, Any]]:
    """One dictionary per run, all with the same keys; shares are 0–1, percentages say so, unknown is None."""
    return [_row(run, one, summary) for one in summary.configurations for run in one.runs]


def csv_text(summary: Summary) -> str:
    """``run_rows`` as CSV, without the numbers of decimals being cut."""
    rows = run_rows(summary)
    return rows_as_csv(rows, list(rows[0]) if rows else ["id"])


def rows_as_csv(rows: Sequence[Mapping[str, Any]], header: Sequence[str]) -> str:
    """Rows as a CSV for people: a header, then a line for each.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are left alone.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _row(run: RunSummary, one: ConfigurationSummary, summary: Summary) -> dict[str, Any]:
    record, counts = run.record, run.record.counts
    row: dict[str, Any] = {
        **({"made_up": True} if summary.study.made_up else {}),
        "id": record.id,
        "name": record.name,
        "strategy": record.strategy,
        "configuration": record.configuration,
        "seed": record.seed,
        "status": record.status,
        "reason": record.reason,
        "best": record.id == summary.best,
        "blocks": "; ".join(record.blocks),
        "adapter": counts.adapter,
        "head": counts.head,
        "backbone": counts.backbone,
        "trainable": counts.trainable,
        "total": counts.total,
        "peft_total": counts.peft_total,
        "trainable_percent": counts.peft_percent,
        "fewer_parameters_percent": one.reduction,
        "learning_rate": record.config.get("strategy", {}).get("learning_rate"),
    }
    for split in ("validation", "test"):
        found = run.on(split)
        row |= {f"{split}_{metric}": found.metric(metric) if found else None for metric in all_metrics(summary)}
    after = run.calibration.after if run.calibration else None
    row |= {
        "temperature": record.temperature,
        "test_loss_calibrated": after.loss if after else None,
        "test_ece_calibrated": after.ece if after else None,
        "final_training_loss": run.final_training_loss,
        "steps": record.steps,
        "best_step": record.best_step,
        "converged": record.converged,
        "stopped_early": record.stopped_early,
        "seconds": record.seconds,
        "seconds_alone": record.seconds_alone,
        "peak_memory_mb": record.peak_memory_mb,
        "latency_ms": record.latency_ms or None,
        "precision": record.precision,
    }
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else quoted_formula(value)


def is_formula(value: Any) -> bool:
    """Whether a spreadsheet may take a text for a formula, and run it.

    https://owasp.org/www-community/attacks/CSV_Injection lists the signs.
    """
    return isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))


def quoted_formula(value: Any) -> Any:
    """A text that might be a formula behind an apostrophe; anything else as it is.

    >>> quoted_formula("=1+1"), quoted_formula("good"), quoted_formula(-3)
    ("'=1+1", 'good', -3)
    """
    return f"'{value}" if is_formula(value) else value
