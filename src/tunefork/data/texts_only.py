"""What is done to texts and not to images: near-duplicates are looked for, and training texts get changed copies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tunefork.config import DataConfig
from tunefork.data.augment import Augmented, augment
from tunefork.data.columns import Columns
from tunefork.data.near_duplicates import NearDuplicates, compare_splits, drop_near_duplicates
from tunefork.data.rows import RowSet
from tunefork.errors import ConfigError


def without_near_duplicates(
    pools: Mapping[str, RowSet], columns: Columns, config: DataConfig
) -> tuple[dict[str, RowSet], tuple[NearDuplicates, ...]]:
    """The splits, and what was left out where ``near_duplicates: drop_train`` asks for it.

    Raises:
        SplitError: too little is left.
        ConfigError: the rows are images.
    """
    if config.near_duplicates != "drop_train":
        return dict(pools), ()
    _refuse_images(columns, "near_duplicates: drop_train", "Images are compared for equal pixels only: see leakage.")
    return drop_near_duplicates(pools)


def near_duplicates(pools: Mapping[str, RowSet], columns: Columns, config: DataConfig) -> tuple[NearDuplicates, ...]:
    """What is nearly the same in two of the splits, unless that was settled or nobody wants to know."""
    return compare_splits(pools) if config.near_duplicates == "report" and not columns.image else ()


def with_copies(
    pools: Mapping[str, RowSet], columns: Columns, config: DataConfig, base: Path | None
) -> tuple[RowSet, Augmented | None]:
    """The training rows with their copies. It comes last: of what was held out, no copy is trained on.

    Raises:
        ConfigError: the rows are images, or there are no such synonyms.
        MissingExtraError: WordNet without the package ``nltk``.
    """
    if config.augment is None:
        return pools["train"], None
    _refuse_images(columns, "data.augment", "For images there is training.augment.")
    held = {key for role, rows in pools.items() if role != "train" for key in rows.keys}
    return augment(pools["train"], config.augment, held, base)


def _refuse_images(columns: Columns, setting: str, fix: str) -> None:
    if columns.image:
        raise ConfigError(f"{setting} is for texts", found=f"images (column {columns.image})", fix=fix)
