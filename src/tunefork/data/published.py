"""What is known of the reference studies' data sets without reading them, so that plans of them need no network.

Numbers of labelled rows are those of the data sets' own cards. Other hub data sets have to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunefork.config import DataConfig
from tunefork.data.hub import PREFIX, parse_hub
from tunefork.data.roles import ROLES


@dataclass(frozen=True)
class PublishedSet:
    """A hub data set, each row of which has one class."""

    rows: Mapping[str, int]
    """Split → its labelled rows."""
    classes: tuple[str, ...]
    content: str
    """The column with texts or pictures."""
    label: str = "label"
    images: bool = False

    def find(self, role: str) -> str:
        """The split for ``train``, ``validation`` or ``test``; empty where there is none."""
        return next((name for name in ROLES[role] if name in self.rows), "")


_IMDB = PublishedSet({"train": 25_000, "test": 25_000}, ("neg", "pos"), "text")
_SST2 = PublishedSet({"train": 67_349, "validation": 872}, ("negative", "positive"), "sentence")
_AG_NEWS = PublishedSet({"train": 120_000, "test": 7_600}, ("World", "Sports", "Business", "Sci/Tech"), "text")
_FOOD101 = PublishedSet(
    {"train": 75_750, "validation": 25_250}, tuple(f"dish {number}" for number in range(1, 102)), "image", images=True
)
_SETS = {
    "imdb": _IMDB,
    "stanfordnlp/imdb": _IMDB,
    "sst2": _SST2,
    "stanfordnlp/sst2": _SST2,
    "ag_news": _AG_NEWS,
    "fancyzhx/ag_news": _AG_NEWS,
    "food101": _FOOD101,
    "ethz/food101": _FOOD101,
}


def published(source: str | float, base: Path | None = None) -> PublishedSet | None:
    """What is known of a source; None of files, folders and other data sets.

    >>> published("hub:stanfordnlp/imdb#train").rows
    {'train': 25000, 'test': 25000}
    """
    return _SETS.get(parse_hub(source, base).name) if isinstance(source, str) and source.startswith(PREFIX) else None


def own_splits(config: DataConfig, base: Path | None = None) -> tuple[str, ...]:
    """Which of ``validation`` and ``test`` are not held out of a published data set's training rows.

    They have a source of their own, or the data set brings them, as ``read_sources`` decides.
    """
    known = published(config.train, base)
    brings = known is not None and parse_hub(config.train, base).split is None
    return tuple(
        role
        for role in ("validation", "test")
        if isinstance(given := getattr(config, role), str)
        or (brings and known is not None and given == DataConfig.model_fields[role].default and known.find(role))
    )


def published_rows(config: DataConfig, base: Path | None = None) -> dict[str, int] | None:
    """Rows of each split as a study would have them, copies of training texts included; None where that is not known.

    Equal texts in two splits, which a study may leave out, are still counted.

    >>> published_rows(DataConfig(train="hub:stanfordnlp/imdb", validation=0.05))
    {'train': 23750, 'validation': 1250, 'test': 25000}
    """
    train = _rows(config.train, "train", base)
    own = own_splits(config, base)
    rows: dict[str, int] = {}
    for role in ("test", "validation"):
        given = getattr(config, role)
        if role in own:
            found = _rows(given if isinstance(given, str) else config.train, role, base)
        else:
            found = max(1, round(given * train)) if train and given else 0
            train = None if train is None else train - found
        if found is None:
            return None
        rows[role] = found
    if train is None:
        return None
    rows["train"] = train
    sizes = {role: min(rows[role], getattr(config.rows, role) or rows[role]) for role in ROLES if rows[role]}
    if config.augment is not None:
        sizes["train"] *= 1 + config.augment.copies
    return sizes


def _rows(source: str, role: str, base: Path | None) -> int | None:
    known = published(source, base)
    return None if known is None else known.rows.get(parse_hub(source, base).split or known.find(role))
