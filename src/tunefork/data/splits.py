"""A data configuration → frozen splits: read, choose columns, clean, check for leaks, hold out, subsets, augment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tunefork.config import DataConfig
from tunefork.data.columns import Columns, check_columns, choose_columns, label_columns
from tunefork.data.guessing import guess_image, unique
from tunefork.data.holdout import held_size, hold_out, subset
from tunefork.data.images.gallery import Resize
from tunefork.data.label_map import LabelMap
from tunefork.data.labelled import which_problem
from tunefork.data.leakage import labels_apart, two_labels
from tunefork.data.numbers import check_varied
from tunefork.data.row_labels import Numbers
from tunefork.data.rows import RowSet
from tunefork.data.sources import Sources, read_sources
from tunefork.data.strata import strata
from tunefork.data.table import Table, count, missing
from tunefork.data.texts_only import near_duplicates, with_copies, without_near_duplicates
from tunefork.data.usable import Said, usable_rows
from tunefork.data.values import Images, Split, Splits
from tunefork.data.weaknesses import weaknesses
from tunefork.errors import SplitError, one_line
from tunefork.problem import Problem

if TYPE_CHECKING:
    import pandas as pd


def load_splits(
    config: DataConfig,
    *,
    frames: Mapping[str, pd.DataFrame] | None = None,
    base: Path | None = None,
    resize: Callable[[], Resize] | None = None,
    tested: bool = True,
) -> Splits:
    """Read, check and split the data of a study. The same rows and configuration give the same splits anywhere.

    Args:
        config: the ``data`` part of a study.
        frames: DataFrames under ``train``, ``validation`` or ``test``; ``train`` needs ``config.train == "-"``.
        base: the folder that relative paths start from; the working directory unless given.
        resize: where rows turn out to be images, gives what makes them the size that a model wants; without it their
            pixels are not kept.
        tested: whether there must be test rows; without, ``test: 0`` is legal.

    Raises:
        ReadError, ColumnError, LabelError, SplitError, LeakageError, DataError: rows that cannot be trained on.
        ProblemsError: several of these at once.
        ConfigError: settings that contradict each other.
        MissingExtraError: ``hub:`` without the package ``datasets``.

    >>> load_splits(DataConfig(train="reviews.csv"))  # doctest: +SKIP
    Splits(720 train, 80 validation, 200 test rows, 2 classes)
    """
    said = Said()
    sources = read_sources(config, frames or {}, base, tested)
    columns, guesses = choose_columns(sources.train, config)
    problem, found_out = which_problem(sources.train, columns, config)
    said.notices += (*guesses, *found_out)
    tables = _tables(sources, columns, problem, said)
    columns = _common_columns(tables, columns, config, said)
    wanted = resize() if resize is not None and columns.image else None
    pools, labels = usable_rows(tables, columns, problem, config, wanted, said)
    for role, rows in pools.items():
        said.warnings += filter(None, [two_labels(rows, role)])
    for first, second in combinations(pools.items(), 2):  # what both have was allowed, else it is gone
        said.warnings += filter(None, [labels_apart(first, second)])
    pools = _hold_out(pools, config, said)
    pools, near = without_near_duplicates(pools, columns, config)
    pools = {role: _subset(pools[role], role, config, labels, said) for role in pools}
    if isinstance(numbers := pools["train"].labels, Numbers):  # last: what is left out may be all that differs
        check_varied(numbers.values, pools["train"].table.name, columns.label)
    near += near_duplicates(pools, columns, config)
    said.notices += [str(found) for found in near if not found.matters]
    said.warnings += [str(found) for found in near if found.matters]
    said.warnings += weaknesses(pools, labels)
    pools["train"], augmented = with_copies(pools, columns, config, base)
    said.notices += augmented.notices() if augmented else []
    made = {role: _split(role, rows, labels) for role, rows in pools.items()}
    return Splits(
        made["train"],
        made.get("validation"),
        made.get("test"),
        labels,
        columns,
        tuple(dict.fromkeys(map(one_line, said.notices))),
        tuple(dict.fromkeys(map(one_line, said.warnings))),
        tuple(found.written() for found in near),
        augmented.written() if augmented else {},
        tuple(said.left_out),
    )


def is_of_images(config: DataConfig, base: Path | None = None) -> bool:
    """Whether rows are images, as far as can be told without reading any.

    Raises:
        ReadError, ColumnError: see ``load_splits``.
    """
    if config.image or config.text:
        return bool(config.image)
    train = read_sources(config, {}, base).train
    label, several = label_columns(train, config.label)
    return bool(guess_image(train, taken=(label, *several, config.id, config.group)))


def _tables(sources: Sources, columns: Columns, problem: Problem, said: Said) -> dict[str, Table]:
    """The tables by role; a hub split whose labels are hidden is not used. The hub hides numbers by -1."""
    hidden = (-1,) if problem == "regression" else ()
    tables = {"train": sources.train}
    for role, table in (("validation", sources.validation), ("test", sources.test)):
        if table is None:
            continue
        if role in sources.own:
            labels = [value for column in columns.with_labels for value in table.values.get(column, ())]
            if all(missing(value) or value in hidden for value in labels):
                said.notices.append(f"{table.name} has no labels and is not used; {role} rows are held out of train.")
                continue
            said.notices.append(f"{role}: the data set's own split {table.name} is used ({count(len(table), 'row')}).")
        tables[role] = table
    return tables


def _common_columns(tables: Mapping[str, Table], columns: Columns, config: DataConfig, said: Said) -> Columns:
    others = [table for role, table in tables.items() if role != "train"]
    if columns.id and not config.id and not all(unique(table.values.get(columns.id, (None,))) for table in others):
        said.notices.remove(f"id column guessed: {columns.id}")
        columns = replace(columns, id="")
    for table in others:
        check_columns(table, replace(columns, group=""))
    return columns


def _hold_out(pools: dict[str, RowSet], config: DataConfig, said: Said) -> dict[str, RowSet]:
    made = dict(pools)
    for role, share in (("test", config.test), ("validation", config.validation)):
        if role in made or not isinstance(share, float | int) or share == 0:
            continue
        train = made["train"]
        stay, held = hold_out(train, share, seed=config.split_seed, purpose=role)
        wanted = held_size(train, share)
        if not held:
            raise SplitError(
                f"No rows can be held out as {role}",
                where=train.table.name,
                found=f"{count(len(train), 'row')} with {count(len(set(train.keys)), f'distinct {train.kind}')}",
                fix="Add rows, or give it a file. "
                f"Equal {train.kind}s and groups stay together, and every class keeps a training row.",
            )
        said.notices.append(
            f"{role}: {count(len(held), 'row')} of {train.table.name} held out (split_seed {config.split_seed})."
        )
        if abs(len(held) - wanted) > max(1, 0.1 * wanted):
            reason = f"equal {train.kind}s and groups stay together"
            said.warnings.append(f"{role} has {count(len(held), 'row')} instead of {wanted:,}: {reason}.")
        made["train"], made[role] = train.take(stay), train.take(held)
    return {role: made[role] for role in ("train", "validation", "test") if role in made}


def _subset(rows: RowSet, role: str, config: DataConfig, labels: LabelMap, said: Said) -> RowSet:
    size: int | None = getattr(config.rows, role)
    if size is None:
        return rows
    if size >= len(rows):
        if size > len(rows):
            said.notices.append(f"rows.{role} asks for {size:,} but there are {len(rows):,}: all are taken.")
        return rows
    present = len(set(strata(rows.labels)))
    if role == "train" and size < present and rows.labels.problem == "single_label":
        raise SplitError(
            f"rows.train is smaller than the number of classes: {size} < {present}",
            where="rows",
            fix=f"Take {present} training rows at least.",
        )
    said.notices.append(f"{role}: {size:,} of {len(rows):,} rows taken (rows.seed {config.rows.seed}).")
    least = 1 if role == "train" and size >= present else 0
    return rows.take(subset(rows, size, seed=config.rows.seed, purpose=role, least=least))


def _split(role: str, rows: RowSet, labels: LabelMap) -> Split:
    images = None
    if rows.gallery is not None:
        places = rows.gallery.places[np.array(rows.rows, dtype=np.int64)]
        images = Images(tuple(rows.keys), rows.gallery.pixels, places)
    return Split(role, tuple(rows.texts), rows.labels.encode(labels), tuple(rows.ids), images)
