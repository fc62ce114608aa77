"""What settings ask of the rows, checked before anything trains: metrics that they have, labels that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tunefork.config import METRICS, StudyConfig, TrainingConfig, which_metric
from tunefork.data import Splits
from tunefork.errors import ConfigError, did_you_mean
from tunefork.metrics import OwnMetric, try_on


def check_settings(study: StudyConfig, splits: Splits, own: Sequence[OwnMetric] = ()) -> None:
    """Refuse metrics that these rows do not have, class weights of labels that there are not, and metrics that fail.

    Raises:
        ConfigError: the setting, what was found and what to do.
        MetricError: a metric of the user's own raises, or gives no finite number.
    """
    for where, metric in _metrics(study):
        _check_metric(where, metric, splits, [each.name for each in own])
    for where, weights in _weights(study):
        _check_weights(where, weights, splits.labels.names)
    labels = (splits.validation or splits.train).labels
    try_on(own, labels, len(splits.labels))


def _metrics(study: StudyConfig) -> Iterator[tuple[str, str]]:
    """Where metrics are chosen by, and which."""
    yield "selection.metric", study.selection.metric
    stopping = study.training.early_stopping
    if stopping:
        yield "training.early_stopping", stopping.metric
    for number, entry in enumerate(study.compare):
        own = entry.training.get("early_stopping")
        if own:
            found = TrainingConfig.model_validate({"early_stopping": own}).early_stopping
            assert found is not None
            yield f"compare.{number}.training.early_stopping", found.metric


def _weights(study: StudyConfig) -> Iterator[tuple[str, Any]]:
    yield "training.class_weights", study.training.class_weights
    for number, entry in enumerate(study.compare):
        if "class_weights" in entry.training:
            own = TrainingConfig.model_validate({"class_weights": entry.training["class_weights"]})
            yield f"compare.{number}.training.class_weights", own.class_weights


def _check_metric(where: str, metric: str, splits: Splits, own: Sequence[str]) -> None:
    names, validation = splits.labels.names, splits.validation
    if metric not in (*METRICS, *own):
        raise ConfigError(f"There is no metric '{metric}'", where=where, fix=which_metric(metric, own))
    if metric == "f1" and len(names) != 2:
        raise ConfigError(
            "f1 is the score of the second of two classes",
            where=where,
            found=f"{len(names)} classes",
            fix="Use macro_f1.",
        )
    needed = {"auroc": len(names), "mcc": 2}.get(metric, 0)
    if validation is None or not needed:
        return
    absent = [name for number, name in enumerate(names) if not (validation.labels == number).any()]
    if len(names) - len(absent) < needed:
        lacking = "a class" if metric == "auroc" else "all classes but one"
        rest = ", ".join(f"'{name}'" for name in absent[:5]) + (" …" if len(absent) > 5 else "")
        raise ConfigError(
            f"{metric} is not known on validation rows that lack {lacking}",
            where=where,
            found=f"no validation row of {rest}; {len(np.unique(validation.labels))} of {len(names)} classes",
            fix="Hold out more validation rows, leave the class out, or choose by macro_f1.",
        )


def _check_weights(where: str, weights: Any, names: Sequence[str]) -> None:
    if not isinstance(weights, tuple):
        return
    unknown = [label for label, _ in weights if label not in names]
    if unknown:
        raise ConfigError(
            f"There is no label '{unknown[0]}' to give a weight",
            where=where,
            found=f"labels {', '.join(names[:12])}{' …' if len(names) > 12 else ''}",
            fix=did_you_mean(unknown[0], list(names[:50])),
        )
