"""``load_data``: the data of a study, from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tunefork.config import DataConfig
from tunefork.data.images.gallery import Resize
from tunefork.data.sources import HANDED
from tunefork.data.splits import load_splits
from tunefork.data.values import Splits
from tunefork.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Data:
    """Where a study's rows are; they are read when first asked for."""

    config: DataConfig
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    """DataFrames that were handed over, under train, validation or test."""
    base: Path | None = None
    """The folder that relative paths start from; the working directory unless given."""
    tested: bool = True
    """Whether there must be test rows. Who tests by himself, as an estimator's user does, needs none: ``test: 0``."""
    _loaded: dict[str, Splits] = field(default_factory=dict)

    def splits(self, resize: Callable[[], Resize] | None = None) -> Splits:
        """The frozen splits.

        Args:
            resize: where rows are images, gives what makes them the size that a model wants.

        Raises:
            TuneforkError: see ``load_splits``.
        """
        known = self._loaded.get("splits")
        if known is None or (resize is not None and known.train.images is not None):
            known = self._loaded["splits"] = load_splits(
                self.config, frames=self.frames, base=self.base, resize=resize, tested=self.tested
            )
        return known

    def __repr__(self) -> str:
        source = "DataFrame" if self.config.train == HANDED else repr(self.config.train)
        if (splits := self._loaded.get("splits")) is None:
            return f"Data({source}, not read yet)"
        return f"Data({source}: {splits.contents})"


def load_data(
    source: str | Path | pd.DataFrame,
    *,
    text: str | Sequence[str] | None = None,
    image: str | None = None,
    label: str | Sequence[str] | None = None,
    validation: str | Path | float | pd.DataFrame | None = None,
    test: str | Path | float | pd.DataFrame | None = None,
    **options: Any,
) -> Data:
    """The data of a study.

    Args:
        source: training rows: a CSV, TSV, JSONL or Parquet file, ``hub:NAME``, a pandas DataFrame, or a folder (a zip,
            a tar) that holds a folder of pictures for each class.
        text: the text column, or two of them for a pair; guessed unless given.
        image: the column with pictures: paths, bytes, or image objects; guessed unless given.
        label: the label column, or several that each say 0 or 1 of a label; guessed unless given.
        validation: a share of the training rows, or a source of its own.
        test: the same for the test rows.
        options: the other settings of ``data`` in a study file, such as ``max_length=256`` or ``problem="regression"``.

    Raises:
        ConfigError: an unknown option, or a value that cannot be meant.

    >>> load_data("reviews.csv", label="stars", max_length=256)
    Data('reviews.csv', not read yet)
    """
    known = [name for name in DataConfig.model_fields if name != "train"]
    for name in options:
        if name not in known:
            raise ConfigError(f"load_data has no option '{name}'", fix=did_you_mean(name, known))
    frames: dict[str, pd.DataFrame] = {}
    given = {"train": source, "validation": validation, "test": test}
    settings: dict[str, Any] = {role: _plain(value, role, frames) for role, value in given.items() if value is not None}
    if text is not None:
        settings["text"] = text if isinstance(text, str) else tuple(text)
    if label is not None:
        settings["label"] = label if isinstance(label, str) else tuple(label)
    if image is not None:
        settings["image"] = image
    return Data(_config(settings | options), frames)


def _plain(value: Any, role: str, frames: dict[str, pd.DataFrame]) -> str | float:
    if isinstance(value, str | float | int) and not isinstance(value, bool):
        return value
    if isinstance(value, Path):
        return str(value)
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        frames[role] = value
        return HANDED
    raise ConfigError(
        f"{role} is not a source of rows",
        where="load_data",
        found=type(value).__name__,
        fix="Give a path, a pandas DataFrame, hub:NAME, or a share for validation and test.",
    )


def _config(settings: dict[str, Any]) -> DataConfig:
    try:
        return DataConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        setting = str(first["loc"][0]) if first["loc"] else "data"
        raise ConfigError(
            f"{setting}: {first['msg'].removeprefix('Value error, ')}",
            where="load_data",
            found=repr(settings.get(setting)),
            fix="Correct the value.",
        ) from None
