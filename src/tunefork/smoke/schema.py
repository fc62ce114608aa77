"""What the rows of a study look like: columns, classes, splits. Known data sets are not read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tunefork.config import DataConfig
from tunefork.data import PublishedSet, load_splits, own_splits, published
from tunefork.data.sources import read_sources
from tunefork.problem import Problem


@dataclass(frozen=True)
class Schema:
    """Everything that made-up rows share with a study's own."""

    images: bool
    content: tuple[str, ...]
    """The column with texts, two for pairs, or the one with pictures."""
    label: tuple[str, ...]
    """One column, or several that each say 0 or 1 of a label."""
    classes: tuple[str, ...]
    """Names of the classes; of a regression the number's."""
    problem: Problem
    id: str = ""
    group: str = ""
    separator: str = ""
    """Between the labels of a row, where one column has them."""
    apart: tuple[str, ...] = ()
    """Which of validation and test are not held out of training."""


def schema_of(config: DataConfig, base: Path | None = None) -> Schema:
    """What a study's rows look like; those of a data set that is not known are read.

    Raises:
        TuneforkError: they cannot be read, see ``load_splits``.
    """
    known = published(config.train, base)
    if known is not None:
        return _of_published(known, config, base)
    splits = load_splits(config.model_copy(update={"augment": None, "near_duplicates": "off"}), base=base)
    columns = splits.columns
    own = read_sources(config, {}, base).own
    apart = tuple(role for role in ("validation", "test") if role in own or isinstance(getattr(config, role), str))
    return Schema(
        images=bool(columns.image),
        content=columns.content,
        label=columns.labels or (columns.label,),
        classes=splits.labels.names,
        problem=splits.problem,
        id=columns.id,
        group=columns.group,
        separator="" if columns.labels or splits.problem != "multi_label" else config.label_separator or "|",
        apart=apart,
    )


def _of_published(known: PublishedSet, config: DataConfig, base: Path | None) -> Schema:
    label = config.label if isinstance(config.label, str) and config.label else known.label
    content = (config.image or known.content,) if known.images else config.text or (known.content,)
    return Schema(
        known.images, content, (label,), config.classes or known.classes, "single_label",
        id=config.id, group=config.group, apart=own_splits(config, base),
    )  # fmt: skip
