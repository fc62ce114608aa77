"""A study as strictly valid JSON: what ``--json`` prints and programs read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tunefork.config import HEADLINE, Judging
from tunefork.report.effects import effects_json
from tunefork.report.judging import TIED, Judgement
from tunefork.report.measures import FIRST, all_metrics, by_split, calibration, class_scores
from tunefork.report.pareto import Front, fronts
from tunefork.report.run_summary import RunSummary
from tunefork.report.saved import Saved
from tunefork.report.searched import search_json
from tunefork.report.summary import BaselineSummary, ConfigurationSummary, Summary, summarise
from tunefork.report.verdict import Verdict, verdict
from tunefork.store import EvaluationRecord, Store


def to_json(store: Store, judging: Judging | None = None) -> dict[str, Any]:
    """The study's results, one entry of ``runs`` per training.

    ``split`` says where loss, accuracy, macro_f1 and f1 come from: ``test`` where the run was evaluated on it, else
    ``validation``, else None; beside them stand the others that ``problem`` has, and ``metrics`` has all of both
    splits. Shares are 0–1. Differences are those of the values: of errors, a positive one is worse. Unknown numbers,
    NaN and infinities are None.

    Raises:
        StoreError: the store has no study.
    """
    summary = summarise(store, judging)
    found, study, known = verdict(summary), summary.study, fronts(summary)
    by_id = {run.record.id: (run, one) for one in summary.configurations for run in one.runs}
    in_order = [by_id[record.id] for record in store.runs()]
    files = ("report.html", "table.md", "table.csv", "study.yaml", "left_out.csv")
    content = {
        "study": study.name,
        "made_up": study.made_up,
        "task": study.task,
        "problem": study.problem,
        "model": study.model,
        "labels": list(study.labels),
        "rows": study.rows,
        "data_hash": study.data_hash,
        "selection_metric": study.selection_metric,
        "own_metrics": study.own_metrics,
        "runs": [_run(run, summary) for run, _ in in_order],
        "configurations": [
            {**_configuration(one, found, summary), "undominated": _undominated(one, known)}
            for one in summary.configurations
        ],
        "pairs": _pairs(found.judgement),
        "best": summary.best,
        "best_configuration": summary.choice.configuration,
        "verdict": {
            "best": found.judgement.best.name if found.judgement else None,
            "tied": [one.name for one in found.tied],
            "recommended": found.recommended.name if found.recommended else None,
            "metric": summary.judged_by,
            "margin": found.judgement.margin if found.judgement else None,
            "sentences": list(found.sentences),
        },
        "saved": [_saved(one) for one in found.saved],
        "warnings": list(found.warnings),
        "notices": list(study.notices),
        "near_duplicates": list(study.near_duplicates),
        "augmentation": study.augmentation or None,
        "baseline": study.baseline,
        "majority": study.majority,
        "baselines": [_baseline(one, found.judgement) for one in summary.baselines],
        "search": search_json(summary),
        "truncated": study.truncated,
        **effects_json(store),
        "environment": study.environment,
        "files": [name for name in files if (store.folder / name).exists()],
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def _run(run: RunSummary, summary: Summary) -> dict[str, Any]:
    record = run.record
    split = "test" if run.test else "validation" if run.validation else None
    shown = run.test or run.validation
    return {
        "id": record.id,
        "configuration": record.configuration,
        "name": record.name,
        "strategy": record.strategy,
        "seed": record.seed,
        "status": record.status,
        "reason": record.reason,
        "adapter": record.counts.adapter,
        "head": record.counts.head,
        "backbone": record.counts.backbone,
        "trainable": record.counts.trainable,
        "total": record.counts.total,
        "peft_total": record.counts.peft_total,
        "counted": record.counted,
        "blocks": record.blocks,
        "split": split,
        **_metrics(shown, run),
        "validation": _metrics(run.validation, run) | {"step": run.validation.step if run.validation else None},
        "metrics": by_split(run, summary),
        "per_class": [asdict(each) for each in class_scores(run, summary)],
        "calibration": calibration(run),
        "steps": record.steps,
        "best_step": record.best_step,
        "converged": record.converged,
        "stopped_early": record.stopped_early,
        "seconds": record.seconds,
        "seconds_alone": record.seconds_alone,
        "peak_memory_mb": record.peak_memory_mb,
        "latency_ms": record.latency_ms or None,
        "precision": record.precision,
        "artefact": record.artefact,
        "notices": record.notices,
        "config": record.config,
    }


def _metrics(found: EvaluationRecord | None, run: RunSummary) -> dict[str, float | None]:
    others = () if run.problem == "single_label" else run.units.kind.metrics
    return {name: found.metric(name) if found else None for name in dict.fromkeys((*FIRST, *others))}


def _configuration(one: ConfigurationSummary, found: Verdict, summary: Summary) -> dict[str, Any]:
    """A configuration over its seeds: means, spreads, the interval, and how it compares with the best.

    ``mean`` and ``interval`` are those of the metric that the verdict is about. ``tied_with_best`` is ``best``,
    ``equivalent`` or ``undecided``; None where it is told apart, or was not compared.
    """
    estimate = one.estimate(summary.judged_by)
    content: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "strategy": one.strategy,
        "runs": [run.record.id for run in one.runs],
        "trainable": one.counts.trainable,
        "formulas": [asdict(each) for each in one.runs[0].record.formulas],
        "fewer_parameters_percent": one.reduction,
        f"of_full_{HEADLINE[summary.study.problem]}_percent": one.kept,
        "converged": one.converged,
        "mean": estimate.value if estimate else None,
        "interval": [estimate.interval.low, estimate.interval.high] if estimate else None,
        "seeds_counted": estimate.seeds_counted if estimate else None,
        "tied_with_best": "best" if found.judgement and one is found.judgement.best else None,
    }
    for split in ("test", "validation"):
        spreads = {name: one.spread(split, name) for name in all_metrics(summary)}
        content[split] = {name: {"mean": it.mean, "deviation": it.deviation} for name, it in spreads.items() if it}
    if one.accuracy:
        content["accuracy_interval"] = [one.accuracy.interval.low, one.accuracy.interval.high]
    for comparison in found.comparisons:
        if comparison.configuration == one.id:
            difference = comparison.difference
            if comparison.outcome in TIED:
                content["tied_with_best"] = comparison.outcome
            content["against_best"] = {
                "outcome": comparison.outcome,
                "difference": difference.value,
                "interval": [difference.interval.low, difference.interval.high],
                "p_value": difference.p_value,
                "p_value_holm": comparison.adjusted,
                "p_value_within_margin_holm": comparison.within,
                "seeds_counted": difference.seeds_counted,
            }
    return content


def _undominated(one: ConfigurationSummary, known: Sequence[Front]) -> list[str]:
    """Costs (parameters, time, memory) for less of which no other configuration has at least its metric."""
    return [front.cost.name for front in known if one.id in {each.id for each in front.undominated}]


def _pairs(judgement: Judgement | None) -> list[dict[str, Any]]:
    """Every pair of configurations: the outcome is the first's against the second's."""
    if judgement is None:
        return []
    names = [one.name for one in judgement.compared]
    return [
        {
            "first": names[pair.first],
            "second": names[pair.second],
            "outcome": pair.outcome,
            "difference": pair.difference.value,
            "interval": [pair.difference.interval.low, pair.difference.interval.high],
            "p_value": pair.difference.p_value,
            "p_value_holm": pair.different,
            "p_value_within_margin_holm": pair.within,
        }
        for pair in judgement.pairs
    ]


def _baseline(one: BaselineSummary, judgement: Judgement | None) -> dict[str, Any]:
    """What needs no transformer, and how far the best is ahead of it."""
    record = one.record
    content: dict[str, Any] = {
        "name": record.name,
        "kind": record.kind,
        **{name: record.metric(name) for name in FIRST},
        "metrics": record.scores,
        "seconds": record.seconds,
        "settings": record.settings,
    }
    for rival in judgement.rivals if judgement else ():
        if rival.baseline is one:
            content["interval"] = [rival.estimate.interval.low, rival.estimate.interval.high]
            content["best_ahead_by"] = {
                "difference": rival.difference.value,
                "interval": [rival.difference.interval.low, rival.difference.interval.high],
                "p_value_holm": rival.adjusted,
            }
    return content


def _saved(one: Saved) -> dict[str, Any]:
    """A saved model: its rows are its only sample. McNemar's test compares it with the best one, or a t-test of errors.

    Of a regression ``rmse`` or ``mae`` stands in the place of ``accuracy``.
    """
    return {
        "run": one.run.record.id,
        "configuration": one.name,
        one.metric: one.estimate.value,
        "interval": [one.estimate.interval.low, one.estimate.interval.high],
        "p_value_mcnemar_holm" if one.metric == "accuracy" else "p_value_paired_t_holm": one.p_value,
    }


def _plain(value: Any) -> Any:
    """Only what JSON knows: numbers that are finite, text, lists, and dictionaries with text as keys."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(content) for key, content in value.items()}
    return [_plain(content) for content in value] if isinstance(value, list | tuple) else str(value)
