"""What fine-tuning did to the models, for machines. Shares are 0–1; numbers that are not finite are None."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from tunefork.report.effects.change_words import change_sentences
from tunefork.report.effects.changes import MEASURES, Changes, ConfigurationChanges, RunChanges, changes_of
from tunefork.report.effects.retention import Answered, TaskRetention, retention_of
from tunefork.report.effects.retention_words import retention_sentences
from tunefork.report.run_summary import Spread
from tunefork.store import ChangeRecord, Store


def effects_json(store: Store) -> dict[str, Any]:
    """What the study's JSON says of it: ``changes``, None where nobody measured, and ``retention``, a list of tasks."""
    changes, study = changes_of(store), store.study().name
    return {
        "changes": changes_json(changes) if changes else None,
        "retention": [retention_json(found, study) for found in retention_of(store)],
    }


def changes_json(changes: Changes, details: bool = False) -> dict[str, Any]:
    """Configurations and runs; with ``details`` every number of every matrix."""
    return {
        "top_k": changes.top_k,
        "threshold": changes.threshold,
        "configurations": [_configuration(one) for one in changes.configurations],
        "runs": [_run(run, details) for one in changes.configurations for run in one.runs],
        "sentences": list(change_sentences(changes)),
    }


def retention_json(found: TaskRetention, study: str) -> dict[str, Any]:
    """One earlier task. ``shown`` says which head the numbers of a configuration are about: its own, or the earlier."""
    before = found.before
    return {
        "task": found.task,
        "name": before.name,
        "source": before.source,
        "earlier_run": before.earlier or None,
        "data_hash": before.data_hash,
        "rows": before.rows,
        "before": {"accuracy": before.accuracy, "macro_f1": before.macro_f1, "loss": _finite(before.loss)},
        "configurations": [
            {
                "id": one.id,
                "name": one.name,
                "strategy": one.strategy,
                "shown": "own" if one.own else "earlier",
                **_answered(one.shown, found.p_values),
                "earlier_head": _answered(one.earlier) if one.own and one.earlier else None,
            }
            for one in found.configurations
        ],
        "pairs": [
            {
                "first": found.configurations[pair.first].name,
                "second": found.configurations[pair.second].name,
                "outcome": pair.outcome,
                "difference": pair.difference.value,
                "interval": [pair.difference.interval.low, pair.difference.interval.high],
                "p_value_holm": pair.different,
            }
            for pair in found.pairs
        ],
        "sentences": list(retention_sentences(found, study)),
    }


def _answered(answered: Answered, p_values: dict[str, float] | None = None) -> dict[str, Any]:
    difference = answered.difference
    content: dict[str, Any] = {
        "accuracy": answered.accuracy.mean,
        "difference": difference.value,
        "interval": [difference.interval.low, difference.interval.high],
        "p_value": difference.p_value,
        "seeds_counted": difference.seeds_counted,
        "still_right": answered.kept,
        "runs": [{"id": one.run, "accuracy": one.accuracy, "macro_f1": one.macro_f1} for one in answered.records],
    }
    if p_values is not None:
        for run in content["runs"]:
            run["p_value_mcnemar_holm"] = p_values[run["id"]]
    return content


def _configuration(one: ConfigurationChanges) -> dict[str, Any]:
    blocks = [
        {
            "block": number,
            **{name: _ends(found) for name in MEASURES if (found := one.in_block(number, name)) is not None},
        }
        for number in one.blocks
    ]
    return {
        "id": one.id,
        "name": one.name,
        "strategy": one.strategy,
        "runs": [run.run.id for run in one.runs],
        "matrices": one.matrices,
        **{name: _ends(one.spread(name)) for name in MEASURES},
        "blocks": blocks,
    }


def _run(run: RunChanges, details: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": run.run.id,
        "name": run.run.name,
        "seed": run.run.seed,
        "matrices": len(run.records),
        **{name: _finite(run.value(name)) for name in MEASURES},
    }
    return content | {"measured": [_matrix(record) for record in run.records]} if details else content


def _matrix(record: ChangeRecord) -> dict[str, Any]:
    content = {key: value for key, value in asdict(record).items() if key not in ("run", "top_k", "threshold")}
    content |= {"roles": record.roles.split("+") if record.roles else [], "relative_norm": _finite(record.relative)}
    return content | {"similarities": list(record.similarities)}


def _ends(spread: Spread) -> dict[str, float | None]:
    ends = {"mean": spread.mean, "low": min(spread.values), "high": max(spread.values)}
    return {name: _finite(value) for name, value in ends.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
