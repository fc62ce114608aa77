"""From a configuration to everything a runner needs: model, rows, plan."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tunefork import metrics
from tunefork.config import WORDNET, RunConfig, StudyConfig
from tunefork.data import EncodedSplit, Splits, TokenSplit
from tunefork.engine import Precision, Rows, assemble, best_device, choose_precision, evaluate
from tunefork.models import Backbone
from tunefork.plan import (
    ExpandedRun,
    Plan,
    PlannedRun,
    Sizes,
    StepTiming,
    estimate_disk_mib,
    estimate_memory_mib,
    estimate_seconds,
    total_steps,
    warnings_of,
)
from tunefork.store import StudyRecord
from tunefork.strategies import Selection, count, derivation, frozen_depth, select
from tunefork.study.choices import Choices
from tunefork.study.encoding import Encoded
from tunefork.study.grouping import Arrangement

PACKAGES = ("tunefork", "torch", "transformers", "peft", "tokenizers", "numpy", "scikit-learn", "pillow", "kornia")


def resolved(study: StudyConfig, base: Path | None) -> StudyConfig:
    """The study with whole paths, so that its copy in the study's folder means the same from anywhere."""
    base = base or Path()

    def whole(name: str) -> str:
        return str((base / name).resolve()) if name and (base / name).exists() else name

    data = study.data
    sources = {"train": data.train, "validation": data.validation, "test": data.test}
    paths: dict[str, Any] = {
        key: whole(value) if isinstance(value, str) and value != "-" else value for key, value in sources.items()
    }
    if data.augment and data.augment.synonyms != WORDNET:
        paths["augment"] = data.augment.model_copy(update={"synonyms": whole(data.augment.synonyms)})
    start = None if study.start_from is None else whole(study.start_from)
    model = whole(study.model) if (base / study.model).is_dir() else study.model
    trackers = tuple(choice.whole(base) for choice in study.trackers)
    rows = data.model_copy(update=paths)
    return study.model_copy(update={"data": rows, "model": model, "start_from": start, "trackers": trackers})


def make_plan(
    study: StudyConfig,
    expanded: Sequence[ExpandedRun],
    backbone: Backbone,
    splits: Splits,
    encoded: Encoded,
    selections: Mapping[str, Selection],
    timings: Mapping[str, StepTiming],
    precision: str,
    arrange: Callable[[tuple[PlannedRun, ...]], Arrangement],
    plain_timings: Mapping[str, StepTiming] | None = None,
    share: int = 1,
) -> Plan:
    """The study's plan with counts, steps, estimates where a configuration was timed, and the groups of ``arrange``.

    ``expanded`` are the study's runs, ``precision`` is what ``auto`` stands for, ``plain_timings`` are those of
    augmented configurations, without that; ``share`` says how many devices divide each batch.
    """
    runs = plan_runs(expanded, backbone, encoded, selections, timings, precision, share)
    augmented = augmentation_notice(runs, backbone, selections, timings, plain_timings or {})
    arrangement = arrange(runs)
    rows = {name: len(split.labels) for name, split in encoded.splits.items()}
    return Plan(
        runs=runs,
        groups=arrangement.groups,
        rows=rows,
        truncated={
            name: split.truncated_share for name, split in encoded.splits.items() if isinstance(split, TokenSplit)
        },
        tokens={name: float(split.lengths.mean()) for name, split in encoded.splits.items()},
        notices=tuple(dict.fromkeys([*splits.notices, *backbone.notices, *encoded.notices, *augmented])),
        warnings=warnings_of(study, splits.warnings),
        precision=precision,
        disk_mib=estimate_disk_mib(
            runs, [group.runs for group in arrangement.groups], rows, len(splits.labels.names), arrangement.workers
        ),
        workers=arrangement.workers,
        threads=arrangement.threads,
        share=share,
        near_duplicates=splits.near_duplicates,
        augmentation=splits.augmentation,
    )


def plan_runs(
    runs: Sequence[ExpandedRun],
    backbone: Backbone,
    encoded: Encoded,
    selections: Mapping[str, Selection],
    timings: Mapping[str, StepTiming],
    precision: str,
    share: int = 1,
) -> tuple[PlannedRun, ...]:
    """Runs with counts, steps, and estimates where a configuration was timed; memory is that of one of ``share``."""
    sizes = {name: len(split.labels) for name, split in encoded.splits.items()}
    tokens = float(encoded.rows.train.lengths.mean())
    known: dict[str, PlannedRun] = {}  # the seeds of a configuration cost the same
    for run in runs:
        key = run.config.configuration
        if key not in known:
            known[key] = _planned(run, backbone, selections[key], sizes, tokens, timings, precision, share)
    return tuple(replace(known[run.config.configuration], config=run.config, blocks=run.blocks) for run in runs)


def augmentation_notice(
    runs: Sequence[PlannedRun],
    backbone: Backbone,
    selections: Mapping[str, Selection],
    timings: Mapping[str, StepTiming],
    plain: Mapping[str, StepTiming],
) -> tuple[str, ...]:
    """What augmentation costs runs that leave blocks as they are: what those give cannot be kept."""
    found = {}
    for run in runs:
        key = run.config.configuration
        if run.config.training.augment and frozen_depth(backbone.anatomy, selections[key]):
            known = key in timings and key in plain
            times = [1000 * each[key].step_seconds for each in (timings, plain)] if known else []
            found[run.name] = " ({:.0f} ms a step, {:.0f} without)".format(*times) if known else ""
    if not found:
        return ()
    names = ", ".join(f"{name}{cost}" for name, cost in found.items())
    return (f"augment changes images at every step, so frozen layers are computed anew each time: {names}",)


def _planned(
    run: ExpandedRun,
    backbone: Backbone,
    selection: Selection,
    rows: Mapping[str, int],
    tokens: float,
    timings: Mapping[str, StepTiming],
    automatic: str,
    share: int,
) -> PlannedRun:
    training = run.config.training
    counts = count(selection, backbone.anatomy)
    timing = timings.get(run.config.configuration)
    seconds = None
    if timing is not None:
        seconds = estimate_seconds(timing, training, rows["train"], rows.get("validation", 0), rows.get("test", 0))
    sizes = Sizes(
        parameters=counts.total,
        trainable=counts.trainable,
        blocks=len(backbone.anatomy.blocks),
        hidden=backbone.anatomy.hidden,
        heads=backbone.anatomy.heads,
        tokens=tokens,
        compute_bytes=2 if choose_precision(training.precision, automatic=automatic).name == "bf16" else 4,
    )
    return PlannedRun(
        config=run.config,
        name=run.name,
        blocks=run.blocks,
        counts=counts,
        steps=total_steps(rows["train"], training),
        seconds=seconds,
        memory_mib=estimate_memory_mib(sizes, -(-training.batch_size // share)),
        notices=selection.notices,
        formulas=derivation(selection, backbone.anatomy),
        timing=timing,
    )


def study_record(
    study: StudyConfig,
    backbone: Backbone,
    splits: Splits,
    encoded: Encoded,
    plan: Plan,
    before: StudyRecord | None = None,
    own: Sequence[metrics.OwnMetric] = (),
) -> StudyRecord:
    """What the store remembers of the whole study.

    Beside what the plan says, the scores of the majority class and of the untrained model, and what was chosen by
    measurement, so that a continued study chooses the same. Those scores are taken from what was recorded before.
    """
    labels = splits.labels.names
    test = encoded.rows.test
    baseline: dict[str, float] = {}
    majority: dict[str, float] = {}
    if before is not None and before.data_hash == splits.hash:
        baseline, majority = before.baseline, before.majority
    elif test is not None:
        base = metrics.majority(encoded.rows.train.labels, test.labels, len(labels))
        majority = base.known
        precision = choose_precision(study.training.precision, automatic=plan.precision)
        fresh = _untrained(study, backbone, test, encoded.rows, precision)
        baseline = fresh.known
    return StudyRecord(
        name=study.name,
        task=splits.task,
        model=study.model,
        labels=labels,
        rows=plan.rows,
        data_hash=splits.hash,
        selection_metric=study.selection.metric,
        majority=majority,
        baseline=baseline,
        truncated=plan.truncated,
        environment={**environment(), "workers": plan.workers, "threads": plan.threads},
        notices=plan.notices,
        warnings=plan.warnings,
        near_duplicates=splits.near_duplicates,
        augmentation=splits.augmentation,
        choices=Choices.of(plan).written(),
        judging=study.verdict.model_dump(mode="json"),
        problem=splits.problem,
        own_metrics=metrics.described(own),
        made_up=study.made_up,
    )


def _untrained(
    study: StudyConfig, backbone: Backbone, test: EncodedSplit, rows: Rows, precision: Precision
) -> metrics.Metrics:
    """The pretrained model with the fresh head of the study's first seed, before any training."""
    from tunefork.config import HeadStrategy

    run = RunConfig(strategy=HeadStrategy(), training=study.training, seed=study.seeds[0])
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], precision)
    answers = evaluate(group, test, study.training.eval_batch_size, rows.pad_id)[0]
    return metrics.score(answers if rows.unit.begun else rows.unit.outward(answers), test.labels)


def environment() -> dict[str, Any]:
    """Versions, device and threads, for the record."""
    import torch

    return {
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
    }


def device_name() -> str:
    """What this machine computes with, such as ``cuda (NVIDIA H200)``."""
    import torch

    device = best_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return f"{device.type} ({name})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
