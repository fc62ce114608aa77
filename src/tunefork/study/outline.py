"""A plan even where the model's weights or a known data set are out of reach: counts and steps, the most memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunefork.config import RunConfig
from tunefork.counts import Counts
from tunefork.data import published, published_rows
from tunefork.errors import MissingExtraError, ModelNotFoundError, ProblemsError, ReadError, TuneforkError
from tunefork.models import Anatomy, anatomy_of, image_size, load_config, longest_input, skeleton, task_of
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
from tunefork.runner import Places
from tunefork.search import search_lines
from tunefork.strategies import count, derivation, select
from tunefork.study.study import Study


@dataclass(frozen=True)
class _Known:
    """What is known of the rows."""

    plan: Plan
    """Without runs."""
    classes: int


def outline(study: Study, timings: bool = True, workers: int | None = None, places: Places | None = None) -> Plan:
    """The study's plan; without the weights or the rows, what cannot be known is None.

    Rows that are out of reach are counted as published, where ``tunefork.data.published`` knows the data set.

    Raises:
        ModelNotFoundError: not even the config can be had.
        TuneforkError: something else is wrong.
    """
    try:
        return study.plan(timings, workers, places)
    except TuneforkError as error:
        problems = error.problems if isinstance(error, ProblemsError) else (error,)
        if not all(_no_model(study, each) or _no_rows(study, each) for each in problems):
            raise  # what is at hand is wrong
        try:
            config = load_config(study.model, study.config.revision, study.trust)
        except ModelNotFoundError:
            raise error from None
        known = _published(study, problems) if any(_no_rows(study, each) for each in problems) else _read(study)
        reasons = [str(each.found) for each in problems if _no_model(study, each)]
        return _from_config(study, config, known, reasons)


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
    return _Known(plan, len(splits.labels.names))


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
    return _Known(Plan((), (), rows, {}, {}, notices=(notice,)), len(known.classes))


def _from_config(study: Study, config: Any, known: _Known, reasons: Sequence[str]) -> Plan:
    rows = known.plan.rows
    tokens = _longest(study, config)
    runs = []
    for run in expand(study.config):
        bare = skeleton(config, known.classes, study.trust)
        anatomy = anatomy_of(bare)
        selection = select(run.config.strategy, anatomy, bare)
        counts = count(selection, anatomy)
        runs.append(
            PlannedRun(
                run.config, run.name, run.blocks, counts,
                steps=total_steps(rows["train"], run.config.training),
                memory_mib=_memory(run.config, counts, anatomy, tokens),
                notices=selection.notices, formulas=derivation(selection, anatomy),
            )
        )  # fmt: skip
    return replace(
        known.plan,
        runs=tuple(runs),
        disk_mib=estimate_disk_mib(runs, [[run.config.id] for run in runs], rows, known.classes),
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
