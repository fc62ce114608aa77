"""What settings ask of the rows, checked before anything trains: metrics that they have, labels that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tunefork.config import METRICS, METRICS_OF, StudyConfig, TrainingConfig, which_metric
from tunefork.data import Splits
from tunefork.errors import ConfigError, did_you_mean
from tunefork.metrics import OwnMetric, try_on
from tunefork.preflight import Preflight
from tunefork.problem import Problem

NAMES: dict[Problem, str] = {
    "single_label": "rows that have one class each",
    "multi_label": "rows that have several labels",
    "regression": "numbers",
}
LABELLED = ("class_weights", "sampling", "label_smoothing")
"""Settings of training that are about labels."""


def check_settings(study: StudyConfig, splits: Splits, own: Sequence[OwnMetric] = ()) -> None:
    """Refuse metrics that these rows do not have, class weights of labels that there are not, and metrics that fail.

    Raises:
        ConfigError: the setting, what was found and what to do.
        MetricError: a metric of the user's own raises, or gives no finite number.
        ProblemsError: several of these.
    """
    checks = Preflight()
    for where, metric in _metrics(study):
        checks.look(partial(_check_metric, where, metric, splits, [each.name for each in own]))
    for where, training in _trainings(study):
        checks.look(partial(_check_weights, f"{where}.class_weights", training.class_weights, splits))
        checks.look(partial(_check_sampling, where, training, splits.problem))
    labels = (splits.validation or splits.train).labels
    checks.look(lambda: try_on(own, labels, len(splits.labels)))
    checks.settle()


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


def _trainings(study: StudyConfig) -> Iterator[tuple[str, TrainingConfig]]:
    """Where settings of training stand, and which: the study's, and what entries say otherwise."""
    yield "training", study.training
    for number, entry in enumerate(study.compare):
        own = {name: each for name, each in entry.training.items() if name in LABELLED}
        if own:
            yield f"compare.{number}.training", TrainingConfig.model_validate(own)


def _check_metric(where: str, metric: str, splits: Splits, own: Sequence[str]) -> None:
    names, validation, problem = splits.labels.names, splits.validation, splits.problem
    if metric not in (*METRICS, *own):
        raise ConfigError(f"There is no metric '{metric}'", where=where, fix=which_metric(metric, own))
    if metric in METRICS and metric not in METRICS_OF[problem]:
        raise ConfigError(
            f"{metric} is no metric of {NAMES[problem]}",
            where=where,
            found=f"problem: {problem}",
            fix=f"Use one of {', '.join(METRICS_OF[problem])}.",
        )
    if problem != "single_label":
        _check_spread(where, metric, splits)
        return
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


def _check_spread(where: str, metric: str, splits: Splits) -> None:
    """Refuse AUROC where a label has rows of one kind only, and shares of a spread where there is none."""
    validation = splits.validation
    if validation is None:
        return
    if metric == "auroc":
        on = validation.labels.sum(axis=0)
        flat = [name for name, count in zip(splits.labels.names, on) if count in (0, len(validation))]
        if flat:
            raise ConfigError(
                "auroc is not known where all validation rows have a label, or none has",
                where=where,
                found=f"'{flat[0]}' on {int(on[splits.labels.names.index(flat[0])])} of {len(validation):,} rows",
                fix="Hold out more validation rows, leave the label out, or choose by micro_f1.",
            )
    if metric in ("r2", "pearson", "spearman") and len(np.unique(validation.labels)) < 2:
        raise ConfigError(
            f"{metric} is not known where all validation rows have the same number",
            where=where,
            found=f"{len(validation):,} rows with {validation.labels[0]:g}",
            fix="Hold out more validation rows, or choose by mae.",
        )


def _check_weights(where: str, weights: Any, splits: Splits) -> None:
    names = splits.labels.names
    if weights is not None and splits.problem == "regression":
        raise ConfigError("class_weights are for labels", where=where, found="problem: regression", fix="Take it out.")
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


def _check_sampling(where: str, training: TrainingConfig, problem: Problem) -> None:
    """Refuse what is said of labels that rows do not have in this way."""
    if training.sampling == "balanced" and problem != "single_label":
        raise ConfigError(
            "sampling: balanced is for rows that have one class each",
            where=f"{where}.sampling",
            found=f"problem: {problem}",
            fix="Use class_weights: auto." if problem == "multi_label" else "Take it out.",
        )
    if training.label_smoothing and problem == "regression":
        raise ConfigError(
            "label_smoothing is for labels", where=f"{where}.label_smoothing", found=f"problem: {problem}",
            fix="Take it out.",
        )  # fmt: skip
