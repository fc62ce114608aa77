"""A plan even where the model's weights or a known data set are out of reach: counts, steps, costs at most."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.config import RunConfig
from tunefork.counts import Counts
from tunefork.data import published, published_rows
from tunefork.engine import automatic_precision
from tunefork.errors import MissingExtraError, ModelNotFoundError, ProblemsError, ReadError, TuneforkError
from tunefork.models import (
    Anatomy,
    Backbone,
    anatomy_of,
    image_size,
    image_tokens,
    load_config,
    longest_input,
    skeleton,
    task_of,
    untrained_backbone,
)
from tunefork.plan import (
    Plan,
    PlannedRun,
    Sizes,
    estimate_disk_mib,
    estimate_memory_mib,
    expand,
    total_steps,
    warnings_of,
)
from tunefork.plan.simulate import Costs
from tunefork.problem import Labels, Problem
from tunefork.runner import Places
from tunefork.search import search_lines
from tunefork.strategies import count, derivation, select
from tunefork.study.encoding import check_task
from tunefork.study.standing_in import stand_in
from tunefork.study.study import Study


@dataclass(frozen=True)
class _Known:
    """What is known of the rows."""

    plan: Plan
    """Without runs."""
    task: str
    """What the rows are, as a model's task is called."""
    names: tuple[str, ...]
    """Of the classes."""
    problem: Problem
    labels: Mapping[str, Labels]
    """Of every split; where nobody has read them, as many as there are rows."""


def outline(
    study: Study,
    timings: bool = True,
    workers: int | None = None,
    places: Places | None = None,
    costs: Costs | None = None,
) -> Plan:
    """The study's plan; where weights or rows are out of reach, times and memory are the most that they can be.

    Rows that are out of reach are counted as published, where ``tunefork.data.published`` knows the data set. What
    costs time is then timed with the longest rows there can be, and with random weights where there are no others.

    Args:
        study: whose plan it is.
        timings: time a few steps of every configuration. Without, times are unknown where something is out of reach.
        workers: groups that train at the same time; as many as measure fastest unless given, one where something is out
            of reach.
        places: what the runner has room for; measured here unless given.
        costs: what passes take elsewhere; nothing is timed here then.

    Raises:
        ModelNotFoundError: not even the config can be had.
        TuneforkError: something else is wrong.
    """
    try:
        return study.plan(timings, workers, places, costs)
    except TuneforkError as error:
        problems = error.problems if isinstance(error, ProblemsError) else (error,)
        if not all(_no_model(study, each) or _no_rows(study, each) for each in problems):
            raise  # what is at hand is wrong
        try:
            config = load_config(study.model, study.config.revision, study.trust)
        except ModelNotFoundError:
            raise error from None
        known = _published(study, problems) if any(_no_rows(study, each) for each in problems) else _read(study)
        check_task(known.task, task_of(config), study.model)
        reasons = [str(each.found) for each in problems if _no_model(study, each)]
        tokens = _longest(study, config)
        if timings and tokens is not None:
            return _timed(study, known, tokens, reasons, workers, places, costs)
        return _from_config(study, config, known, tokens, reasons)


def _no_model(study: Study, problem: TuneforkError) -> bool:
    """Whether it says that the weights are out of reach. A model that is at hand has something wrong with it."""
    at_hand = study.config.start_from is not None or Path(study.model).is_dir()
    return isinstance(problem, ModelNotFoundError) and not at_hand


def _no_rows(study: Study, problem: TuneforkError) -> bool:
    """Whether it says that a data set, whose sizes are known, is out of reach."""
    data = study.config.data
    unread = isinstance(problem, ReadError) and problem.where in (data.train, data.validation, data.test)
    unreadable = isinstance(problem, MissingExtraError) and problem.package == "datasets"
    return (unread or unreadable) and published_rows(data, study.base) is not None


def _read(study: Study) -> _Known:
    splits = study.read(sized=False)
    plan = Plan(
        (), (), splits.rows, {}, {},
        notices=splits.notices, warnings=splits.warnings,
        near_duplicates=splits.near_duplicates, augmentation=splits.augmentation,
    )  # fmt: skip
    labels = {split.name: split.labels for split in splits.present()}
    return _Known(plan, splits.task, splits.labels.names, splits.problem, labels)


def _published(study: Study, problems: Sequence[TuneforkError]) -> _Known:
    data = study.config.data
    rows, known = published_rows(data, study.base), published(data.train, study.base)
    assert rows is not None
    assert known is not None
    reason = next(each.found or each.what for each in problems if _no_rows(study, each))
    notice = (
        "rows as published, not read; what reading would leave out, such as equal texts in two splits, is counted: "
        f"{reason}"
    )
    labels = {name: np.arange(number) % len(known.classes) for name, number in rows.items()}
    task = "image-classification" if known.images else "text-classification"
    return _Known(Plan((), (), rows, {}, {}, notices=(notice,)), task, known.classes, "single_label", labels)


def _timed(
    study: Study,
    known: _Known,
    tokens: int,
    reasons: Sequence[str],
    workers: int | None,
    places: Places | None,
    costs: Costs | None,
) -> Plan:
    """Costs as they are measured or given, with what stands in for what is out of reach."""
    backbone = _stand_in_for(study, known) if reasons else study.starting_model(known.names, known.problem)
    began = time.perf_counter()
    runs, arrangement, augmented = stand_in(
        study.config, backbone, known.labels, known.names, tokens, workers, places, costs
    )
    seconds = {run.config.configuration: run.seconds for run in runs if run.seconds is not None}
    parts = [group.runs for group in arrangement.groups]
    took = None if costs else time.perf_counter() - began
    each = image_tokens(backbone) if backbone.images else tokens
    return replace(
        known.plan,
        runs=runs,
        groups=arrangement.groups,
        tokens={name: float(each) for name in known.plan.rows},
        longest=not backbone.images,
        workers=arrangement.workers,
        threads=arrangement.threads,
        share=places.share if places else 1,
        precision=costs.precision if costs else automatic_precision(),
        disk_mib=estimate_disk_mib(runs, parts, known.plan.rows, len(known.names), arrangement.workers),
        search=search_lines(study.config, seconds),
        notices=(*_stood_in(reasons, tokens, backbone, took), *backbone.notices, *augmented, *known.plan.notices),
        warnings=warnings_of(study.config, known.plan.warnings),
    )


def _stand_in_for(study: Study, known: _Known) -> Backbone:
    data, revision = study.config.data, study.config.revision
    return untrained_backbone(study.model, known.names, revision, data.image_size, known.problem, study.trust)


def _stood_in(reasons: Sequence[str], tokens: int, backbone: Backbone, took: float | None) -> list[str]:
    """What was timed in whose place, and what that took; None where times were given."""
    rows = "pictures" if backbone.images else f"rows with {tokens} tokens each, the most they can have"
    most = "" if backbone.images else ", so times and memory are at most"
    if took is None:
        what = f"the model itself is out of reach ({reasons[0]})" if reasons else "the rows are out of reach"
        memory = "" if backbone.images else ", so memory is at most"
        return [f"{what}; groups were made for {rows}{memory}; times are the costs that were given"]
    cost = f"; the timing took {took:.0f} s, which --no-timings leaves out" if took > 1 else ""
    if not reasons:
        return [f"the rows are out of reach; the model was timed on made-up {rows}{most}{cost}"]
    what = f"random weights of the same architecture were timed in its place, on made-up {rows}{most}{cost}"
    return [f"the model itself is out of reach ({reasons[0]}); {what}"]


def _from_config(study: Study, config: Any, known: _Known, tokens: int | None, reasons: Sequence[str]) -> Plan:
    """Costs as far as they can be computed."""
    rows = known.plan.rows
    known_runs: dict[str, PlannedRun] = {}  # the seeds of a configuration cost the same
    expanded = expand(study.config)
    for run in {run.config.configuration: run for run in expanded}.values():
        bare = skeleton(config, len(known.names), study.trust)
        anatomy = anatomy_of(bare)
        selection = select(run.config.strategy, anatomy, bare)
        counts = count(selection, anatomy)
        known_runs[run.config.configuration] = PlannedRun(
            run.config, run.name, run.blocks, counts,
            steps=total_steps(rows["train"], run.config.training),
            memory_mib=_memory(run.config, counts, anatomy, tokens),
            notices=selection.notices, formulas=derivation(selection, anatomy),
        )  # fmt: skip
    runs = [
        replace(known_runs[run.config.configuration], config=run.config, blocks=run.blocks, name=run.name)
        for run in expanded
    ]
    return replace(
        known.plan,
        runs=tuple(runs),
        disk_mib=estimate_disk_mib(runs, [[run.config.id] for run in runs], rows, len(known.names)),
        search=search_lines(study.config),
        notices=(*_unknown(reasons, tokens), *known.plan.notices),
        warnings=warnings_of(study.config, known.plan.warnings),
    )


def _unknown(reasons: Sequence[str], tokens: int | None) -> list[str]:
    what = "the model itself is out of reach" if reasons else "the rows are out of reach"
    most = f"; memory is the most it can be, with {tokens} tokens in every row, in fp32" if tokens else ", as is memory"
    reason = f": {reasons[0]}" if reasons else ""
    return [f"{what}, so times, lengths and shared passes are unknown{most}{reason}"]


def _longest(study: Study, config: Any) -> int | None:
    """Tokens of a row at most; None where the config does not tell."""
    if task_of(config) == "text-classification":
        return min(study.config.data.max_length, longest_input(config) or study.config.data.max_length)
    size, patch = image_size(config), getattr(config, "patch_size", None)
    if size is None or not isinstance(patch, int):
        return None
    asked = study.config.data.image_size
    height, width = (asked, asked) if asked else size
    return (height // patch) * (width // patch) + 1


def _memory(run: RunConfig, counts: Counts, anatomy: Anatomy, tokens: int | None) -> float | None:
    if tokens is None:
        return None
    sizes = Sizes(
        counts.total, counts.trainable, len(anatomy.blocks), anatomy.hidden, anatomy.heads, tokens, compute_bytes=4
    )
    return estimate_memory_mib(sizes, run.training.batch_size)
