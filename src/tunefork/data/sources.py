"""Which table is train, validation and test: files, DataFrames, or a hub data set's own splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.config import DataConfig
from tunefork.data.hub import PREFIX, HubSplits, hub_splits
from tunefork.data.images.class_folders import FolderSplits, holds_pictures, picture_splits
from tunefork.data.readers import read_rows
from tunefork.data.roles import ROLES
from tunefork.data.table import Table
from tunefork.errors import ConfigError, SplitError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

HANDED = "-"
"""In place of a path: rows handed over in Python."""


@dataclass(frozen=True, eq=False)
class Sources:
    """The tables of a study; None where rows are to be held out of training."""

    train: Table
    validation: Table | None
    test: Table | None
    own: frozenset[str] = frozenset()
    """Splits that nobody asked for by name: a hub data set or a folder brought them."""


def read_sources(
    config: DataConfig, frames: Mapping[str, pd.DataFrame], base: Path | None, tested: bool = True
) -> Sources:
    """Read every table that the configuration names.

    The validation and test splits that a hub data set or a folder of pictures has of its own are used where the
    configuration leaves those settings at their defaults. Compared are the values, not whether they were written down:
    a resolved study file writes all of them.

    Raises:
        ConfigError: DataFrames under an unknown name, or missing for ``-``.
        SplitError: no test rows, where they are needed (``tested``).
        ReadError: see ``read_rows``.
    """
    for name in frames:
        if name not in ROLES:
            raise ConfigError(f"There is no split '{name}'", where="frames", fix=did_you_mean(name, tuple(ROLES)))
    if "train" in frames and config.train != HANDED:
        raise ConfigError(
            "Training rows are given twice", where=f"train: {config.train}", fix="Write train: '-' for a DataFrame."
        )
    if tested and config.test == 0 and "test" not in frames:
        raise SplitError("There would be no test rows", where="test: 0", fix="Give a share such as 0.2, or a file.")
    found: dict[str, Table | None] = {}
    splits = _splits(config.train, base)
    own = frozenset(
        role
        for role in ("validation", "test")
        if splits and role not in frames and _default(config, role) and splits.find(role)
    )
    for role in ROLES:
        source = getattr(config, role)
        if role in frames:
            found[role] = replace(read_rows(frames[role]), name=f"{role} DataFrame")
        elif source == HANDED:
            raise ConfigError(
                "The study's rows were handed over in Python and are not here",
                where=f"{role}: '-'",
                fix="Give a path, or pass the DataFrame again.",
            )
        elif splits and (role == "train" or role in own):
            found[role] = splits.pick(role)
        elif isinstance(source, str):
            found[role] = _read(source, role, config.encoding, base)
        else:
            found[role] = None
    train = found["train"]
    assert train is not None
    return Sources(train, found["validation"], found["test"], own)


def _splits(source: str, base: Path | None) -> HubSplits | FolderSplits | None:
    """The splits of a source that may have several; None for a file of rows."""
    if source.startswith(PREFIX):
        return hub_splits(source, base)
    return picture_splits(source, base) if source != HANDED and holds_pictures(source, base) else None


def _default(config: DataConfig, role: str) -> bool:
    return bool(getattr(config, role) == DataConfig.model_fields[role].default)


def _read(source: str, role: str, encoding: str, base: Path | None) -> Table:
    splits = _splits(source, base)
    return splits.pick(role) if splits else read_rows(source, encoding, base=base)
