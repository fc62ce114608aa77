"""``hub:NAME[@config][#split]``: data sets of the Hugging Face hub, or of a local folder in its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunefork.data.columnar import arrow_table, first_line
from tunefork.data.roles import ROLES
from tunefork.data.table import Table, missing, shorten
from tunefork.errors import MissingExtraError, ReadError
from tunefork.network import hub_if_reachable

PREFIX = "hub:"


@dataclass(frozen=True)
class HubSource:
    """The parts of ``hub:NAME[@config][#split]``."""

    name: str
    config: str | None = None
    split: str | None = None


def parse_hub(source: str, base: Path | None = None) -> HubSource:
    """The parts of a hub source. A folder of that name, seen from ``base``, wins over the hub.

    >>> parse_hub("hub:glue@sst2#train")
    HubSource(name='glue', config='sst2', split='train')

    Raises:
        ReadError: no name after ``hub:``.
    """
    rest = source.removeprefix(PREFIX).strip()
    if folder := _folder(rest, base):
        return HubSource(folder)
    rest, _, split = rest.partition("#")
    if folder := _folder(rest, base):
        return HubSource(folder, split=split or None)
    name, _, config = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if not name or "\0" in source:
        raise ReadError(
            "The data set has no name",
            where=repr(source),
            fix="Write hub:NAME, hub:NAME@config or hub:NAME@config#split.",
        )
    return HubSource(_folder(name, base) or name, config or None, split or None)


@dataclass(frozen=True, eq=False)
class HubSplits:
    """The splits of a hub source; each becomes a table when it is asked for."""

    source: str
    sets: Mapping[str, Any]
    """Split name → ``datasets.Dataset``; splits without rows are left out."""

    def find(self, role: str) -> str:
        """The split's name for ``train``, ``validation`` or ``test``; empty where there is none."""
        return next((name for name in ROLES[role] if name in self.sets), "")

    def table(self, split: str) -> Table:
        """The rows of one split."""
        return _table(self.sets[split], f"{self.source.partition('#')[0]}#{split}")

    def pick(self, role: str) -> Table:
        """The rows for ``train``, ``validation`` or ``test``; a data set's only split serves for any.

        Raises:
            ReadError: several splits, none of which is called so.
        """
        name = self.find(role) or (next(iter(self.sets)) if len(self.sets) == 1 else "")
        if not name:
            raise ReadError(
                f"The data set has no split for {role}",
                where=self.source,
                found=f"splits {shorten(list(self.sets), 12) or 'none with rows'}",
                fix=f"Name one: {self.source}#{next(iter(self.sets), 'train')}.",
            )
        return self.table(name)


def hub_splits(source: str, base: Path | None = None) -> HubSplits:
    """The splits of a hub source, in the data set's order; one only where the source names it with ``#``.

    Raises:
        MissingExtraError: the package ``datasets`` is not installed.
        ReadError: no such data set, config or split, no network, or files that cannot be read.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("Reading hub: data sets", package="datasets", extra="hub") from None
    parsed = parse_hub(source, base)
    try:
        sets = _load(datasets, parsed)
    except Exception as error:  # network, hub, builder and Arrow errors have no common base
        raise ReadError(
            f"The data set '{parsed.name}' cannot be loaded",
            where=source,
            found=f"{type(error).__name__}: {first_line(error)}",
            fix="Check its name, config and the network; a local folder needs no network.",
        ) from None
    if parsed.split is not None and parsed.split not in sets:
        raise ReadError(
            f"The data set has no split '{parsed.split}'",
            where=source,
            found=f"splits {shorten(list(sets), 12)}",
            fix="Name one of them after #.",
        )
    wanted = sets if parsed.split is None else {parsed.split: sets[parsed.split]}
    return HubSplits(source, {str(split): data for split, data in wanted.items() if len(data)})


def read_hub(source: str, base: Path | None = None) -> Table:
    """One table of a hub source: the split it names, its ``train``, or its only split."""
    return hub_splits(source, base).pick("train")


def _folder(name: str, base: Path | None) -> str:
    try:
        folder = (base or Path()) / Path(name).expanduser()
        return str(folder) if name and folder.is_dir() else ""
    except (OSError, ValueError, RuntimeError):
        return ""


def _load(datasets: Any, source: HubSource) -> dict[str, Any]:
    folder = Path(source.name)
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        loaded = datasets.load_from_disk(source.name)
    else:
        with hub_if_reachable():
            loaded = datasets.load_dataset(source.name, source.config)
    return dict(loaded) if isinstance(loaded, dict) else {"train": loaded}


def _table(data: Any, name: str) -> Table:
    """Numbers of a ClassLabel become its names, also in lists; -1, by which the hub hides labels, becomes missing."""
    table = arrow_table(data.with_format("arrow")[:], name)
    values = dict(table.values)
    for column, feature in data.features.items():
        if column not in values:
            continue
        if names := _class_names(feature):
            values[column] = [None if missing(v) or v < 0 else names[v] for v in values[column]]
        elif names := _class_names(feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)):
            hidden = [missing(cell) or any(missing(v) or v < 0 for v in cell) for cell in values[column]]
            values[column] = [None if none else [names[v] for v in cell] for none, cell in zip(hidden, values[column])]
    return replace(table, values=values)


def _class_names(feature: Any) -> list[str]:
    return list(feature.names) if type(feature).__name__ == "ClassLabel" else []
