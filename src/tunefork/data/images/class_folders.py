"""A folder of class folders, or an archive of one → tables of pictures and labels, by split.

photos/cat/1.jpg            label cat
photos/train/cat/1.jpg      label cat, of the split train
photos.zip: photos/cat/…    the same: folders that hold everything else say nothing
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tunefork.data.images.archives import is_archive, list_pictures
from tunefork.data.images.folders import Listing
from tunefork.data.images.pictures import Picture
from tunefork.data.roles import ROLES
from tunefork.data.table import Table, count, make_table, quoted, shorten
from tunefork.errors import ReadError

UNIT = "picture"
"""What places in such a table are called; other tables of pictures count rows."""
IMAGE, LABEL = "image", "label"
"""The columns of such a table."""


@dataclass(frozen=True, eq=False)
class FolderSplits:
    """The splits of a folder or an archive, by role; ``""`` holds everything where there are none."""

    source: str
    sets: Mapping[str, Table]

    def find(self, role: str) -> str:
        """The name of the split for ``train``, ``validation`` or ``test``; empty where there is none."""
        return role if role in self.sets else ""

    def pick(self, role: str) -> Table:
        """The rows for ``train``, ``validation`` or ``test``; what has no splits serves for any.

        Raises:
            ReadError: several splits, none of which is called so.
        """
        name = "" if "" in self.sets else self.find(role)
        if name not in self.sets:
            raise ReadError(
                f"There are no pictures for {role}",
                where=self.source,
                found=f"splits {shorten(list(self.sets), 12)}",
                fix="Give it a folder of its own, or a share of the training rows.",
            )
        return self.sets[name]


def holds_pictures(source: str, base: Path | None = None) -> bool:
    """Whether a source is a folder or an archive, and so may hold pictures."""
    try:
        path = _path(source, base)
        return path.is_dir() or (path.is_file() and is_archive(path))
    except (OSError, ValueError, RuntimeError):
        return False


def picture_splits(source: str, base: Path | None = None) -> FolderSplits:
    """The tables of a folder or an archive of class folders.

    Raises:
        ReadError: no pictures, no class folders, or pictures beside them.
    """
    listing = list_pictures(_path(source, base), source)
    if not listing.pictures:
        raise ReadError(
            "The folder holds no pictures" if _path(source, base).is_dir() else "The archive holds no pictures",
            where=source,
            found=shorten(listing.other) or "no files",
            fix="Name one of its files, write hub: before it for a data set in the hub's format, or give a "
            "folder (a zip, a tar) with a folder of pictures for each class.",
        )
    skip = _wrapping(listing)
    notices = list(listing.notices())
    splits = _split_folders(listing, skip)
    if not splits:
        table = _table(listing, "", skip)
        return FolderSplits(source, {"": replace(table, notices=(*notices, *table.notices))})
    tops = {PurePosixPath(path).parts[skip] for path in listing.pictures}
    if others := sorted(tops - set(splits.values())):
        notices.append(f"{source}: {shorten(quoted(others))} beside the splits passed over.")
    sets = {}
    for split, folder in splits.items():
        flat = [path for path in _within(listing, folder, skip) if _depth(path) < skip + 3]
        if split != "train" and len(flat) == len(_within(listing, folder, skip)):
            notices.append(f"{source}/{folder}: no class folders, so no labels: not used; predict takes it.")
            continue
        sets[split] = _table(listing, folder, skip)
    sets["train"] = replace(sets["train"], notices=(*notices, *sets["train"].notices))
    return FolderSplits(source, sets)


def loose_pictures(source: str, base: Path | None = None) -> Table:
    """All pictures of a folder or an archive, wherever they lie, without labels: to be predicted."""
    listing = list_pictures(_path(source, base), source)
    paths = sorted(listing.pictures)
    columns = [[listing.pictures[path] for path in paths]]
    return make_table(
        source, [IMAGE], columns, len(paths), numbers=paths, unit=UNIT, ids=tuple(paths), notices=listing.notices()
    )


def _path(source: str, base: Path | None) -> Path:
    return (base or Path()) / Path(source).expanduser()


def _depth(path: str) -> int:
    return len(PurePosixPath(path).parts)


def _role(folder: str) -> str:
    """The split that a folder is called after; empty where it is none.

    >>> _role("Training"), _role("val"), _role("seg_test"), _role("cat")
    ('train', 'validation', 'test', '')
    """
    name = folder.lower().removeprefix("seg_").removesuffix("_set")
    return next((role for role, names in ROLES.items() if name in names), "")


def _wrapping(listing: Listing) -> int:
    """How many folders at the top hold everything else and are no classes."""
    skip = 0
    while True:
        tops = {PurePosixPath(path).parts[skip] for path in listing.pictures}
        below = all(_depth(path) > skip + 2 for path in listing.pictures)
        if len(tops) > 1 or not below or _role(next(iter(tops))) == "train":
            return skip
        skip += 1


def _split_folders(listing: Listing, skip: int) -> dict[str, str]:
    """Folder by split, where the folders at the top are splits: train and another, or train with folders inside."""
    tops = sorted({PurePosixPath(path).parts[skip] for path in listing.pictures if _depth(path) > skip + 1})
    found = {_role(top): top for top in reversed(tops) if _role(top)}
    if "train" not in found:
        return {}
    nested = any(_depth(path) > skip + 2 for path in _within(listing, found["train"], skip))
    return found if nested else {}


def _within(listing: Listing, folder: str, skip: int) -> list[str]:
    """The pictures inside one of the folders at the top, by path."""
    return sorted(path for path in listing.pictures if not folder or PurePosixPath(path).parts[skip] == folder)


def _table(listing: Listing, split: str, skip: int) -> Table:
    """The pictures of one split, by path."""
    level = skip + bool(split)
    paths = _within(listing, split, skip)
    stray = [path for path in paths if _depth(path) < level + 2]
    name = f"{listing.name}/{split}" if split else listing.name
    if stray:
        raise ReadError(
            "The pictures lie in no class folders"
            if len(stray) == len(paths)
            else f"{count(len(stray), 'picture')} outside of the class folders",
            where=name,
            found=shorten(stray),
            fix="Put the pictures of each class into a folder of its own, which names the class; "
            "or write a CSV with the columns image and label.",
        )
    # macOS writes é as two characters, everybody else as one
    labels = [unicodedata.normalize("NFC", PurePosixPath(path).parts[level]) for path in paths]
    pictures: list[Picture] = [listing.pictures[path] for path in paths]
    empty = _empty_classes(listing, split, skip, set(labels))
    return make_table(
        name,
        [IMAGE, LABEL],
        [pictures, labels],
        len(paths),
        numbers=paths,
        unit=UNIT,
        ids=tuple(paths),
        notices=(f"{name}: no pictures in {shorten(quoted(empty))}.",) if empty else (),
    )


def _empty_classes(listing: Listing, split: str, skip: int, labels: set[str]) -> list[str]:
    level = skip + bool(split)
    found = set()
    for folder in listing.folders:
        parts = PurePosixPath(folder).parts
        if len(parts) == level + 1 and (not split or parts[skip] == split) and not parts[level].startswith("."):
            found.add(unicodedata.normalize("NFC", parts[level]))
    return sorted(found - labels)
