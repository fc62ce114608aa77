"""The user's own metrics in a study's store: of every evaluation that is there, from the answers that were kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tunefork.errors import ConfigError, StoreError
from tunefork.metrics import OwnMetric, described, probabilities
from tunefork.store import Predictions, Store


def keep_own_metrics(store: Store, metrics: Sequence[OwnMetric]) -> None:
    """Compute what is not there yet, and anew what a changed function would give otherwise; nothing is trained.

    Raises:
        StoreError: the metric that the study was chosen by has changed.
        MetricError: a metric fails.
    """
    if not metrics:
        return
    check_unchanged(store, metrics)
    study = store.study()
    known, now = study.own_metrics, described(metrics)
    stale = {name for name in now if known.get(name) != now[name]}
    for run in store.runs():
        for record in store.evaluations(run.id):
            wanted = [each for each in metrics if each.name in stale or each.name not in record.scores]
            if wanted:
                answers = store.predictions(run.id, record.split, record.step)
                store.add_evaluation(replace(record, scores=_scores(record.scores, wanted, answers)), answers)
    for baseline in store.baselines():
        if math.isfinite(baseline.loss):  # without probabilities there is nothing to give the function
            answers = store.predictions(baseline.id, "test")
            store.put_baseline(replace(baseline, scores=_scores(baseline.scores, metrics, answers)), answers)
    if stale:
        store.begin(replace(study, own_metrics={**known, **now}))


def one_process(metrics: Sequence[OwnMetric], workers: int | None) -> int | None:
    """How many groups may train at a time: one where a worker process could not import a metric.

    Raises:
        ConfigError: more were asked for.
    """
    bound = [each for each in metrics if not each.importable]
    if not bound:
        return workers
    if workers is not None and workers > 1:
        raise ConfigError(
            f"Worker processes cannot import the metric '{bound[0].name}'",
            where="workers",
            found=f"{workers} workers, and a function of {bound[0].source.partition(':')[0]}",
            fix="Put the function into a module of its own, or ask for one worker.",
        )
    return 1


def check_unchanged(store: Store, metrics: Sequence[OwnMetric]) -> None:
    """Refuse another function under the name by which the study's weights were chosen.

    Raises:
        StoreError: naming the metric.
    """
    try:
        study = store.study()
    except StoreError:
        return  # nothing was begun, so nothing was chosen
    before, now = study.own_metrics.get(study.selection_metric), described(metrics).get(study.selection_metric)
    if before is not None and now is not None and before != now:
        raise StoreError(
            f"The metric '{study.selection_metric}' is not the one that this study was chosen by",
            where=now["source"],
            found="another function, or one that has changed since"
            if before["lower"] == now["lower"]
            else "another answer to whether lower is better",
            fix="Give it another name, or choose another folder with -o.",
        )


def _scores(known: dict[str, float], metrics: Sequence[OwnMetric], answers: Predictions) -> dict[str, float]:
    chances = probabilities(answers.logits, answers.problem)
    found = {each.name: each(answers.labels, chances) for each in metrics}
    kept = {name: value for name, value in known.items() if name not in found}
    return kept | {name: value for name, value in found.items() if math.isfinite(value)}
