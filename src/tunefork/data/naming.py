"""The names of the labels in all splits: training's, as ``classes`` wants them; and what is done about rare classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from tunefork.config import DataConfig
from tunefork.data.columns import Columns
from tunefork.data.label_map import LabelMap, build_label_map, unseen_labels
from tunefork.data.numbers import check_varied
from tunefork.data.row_labels import Numbers
from tunefork.data.rows import RowSet
from tunefork.data.table import count, shorten
from tunefork.errors import LabelError, SplitError
from tunefork.preflight import Preflight

Named = tuple[dict[str, RowSet], LabelMap, tuple[str, ...]]
"""The splits, the names of their labels, and notices."""


def name_labels(pools: Mapping[str, RowSet], columns: Columns, config: DataConfig, checks: Preflight) -> Named:
    """The splits with the names of their labels as the model learns them.

    ``checks`` get to know of labels that training lacks, in each split.

    Raises:
        LabelError: training labels that cannot be learned, such as numbers that are all the same; ``classes`` that do
            not fit.
    """
    train, column = pools["train"], columns.label
    if isinstance(train.labels, Numbers):
        check_varied(train.labels.values, train.table.name, column)
        return dict(pools), LabelMap((column,)), ()
    known = [name for _, name in train.labels.named()]
    labels, names, notices = build_label_map(
        known,
        config.classes,
        where=train.table.name,
        column=column,
        problem=train.labels.problem,
        columns=columns.labels,
    )
    told, made = list(notices), {"train": train.relabel(names)}
    for role, rows in pools.items():
        if role == "train":
            continue
        pairs = rows.labels.named()
        places = [rows.rows[at] for at, _ in pairs]
        checks.look(partial(unseen_labels, [name for _, name in pairs], known, rows.table, places, role, column))
        made[role] = rows.relabel(names)
        if len(made[role]) < len(rows):
            told.append(f"{count(len(rows) - len(made[role]), f'{role} row')} left out by classes.")
    return made, labels, tuple(told)


def settle_rare(pools: Mapping[str, RowSet], labels: LabelMap, config: DataConfig) -> Named:
    """What is done about classes with a single training row, of which a stratified split cannot be made.

    Of rows with several labels, and of numbers, a split can be made anyway: weaknesses tell what a split lacks.

    Raises:
        SplitError: there are such classes, and nobody said what to do.
        LabelError: only one class is left.
    """
    train = pools["train"]
    totals = Counter(name for _, name in train.labels.named())
    rare = [name for name in labels.names if totals[name] == 1]
    if not rare or train.labels.problem != "single_label":
        return dict(pools), labels, ()
    words = f"{count(len(rare), 'class')} with a single row"
    if config.rare == "error":
        places = [place for place, name in train.labels.named() if name in set(rare)]
        raise SplitError(
            f"There {'is' if len(rare) == 1 else 'are'} {words}, which cannot be in both training and test",
            where=train.places(places),
            found=shorten([f"'{name}': 1" for name in rare]),
            fix="Add rows, keep them in training with --rare train (rare: train), or leave them out with --rare drop "
            "(rare: drop).",
            past={"rare": "train"},
        )
    if config.rare == "train":
        return dict(pools), labels, (f"{words} kept in training: {shorten(rare)}.",)
    names = {name: name for name in labels.names if name not in rare}
    if len(names) < 2:
        raise LabelError(
            f"Only {count(len(names), 'class')} would be left without rare ones",
            where=train.table.name,
            found=shorten([f"'{name}': {totals[name]}" for name in labels.names]),
            fix="Add rows.",
        )
    kept = {role: rows.relabel(names) for role, rows in pools.items()}
    dropped = sum(map(len, pools.values())) - sum(map(len, kept.values()))
    notice = f"{words} left out: {shorten(rare)} ({count(dropped, 'row')})."
    return kept, LabelMap(tuple(names)), (notice,)
