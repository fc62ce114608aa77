"""Which folders of a study belong to a group, and how one comes to another place without its bytes being copied.

A *unit* is what is there whole or not at all: the folder of a run, of a checkpoint, of a run that is laid aside; and a
file with frozen weights, to which many runs link. It is called by its path from the study's folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from tunefork.store.whole import QUARANTINE, STAGED

CHECKPOINTS, PAUSED, BACKBONE = "checkpoints", "paused", "backbone"
Mark = tuple[int, int]
"""Inode and time of a folder: another one under the same name has another."""


def resumable(folder: Path) -> dict[str, Mark]:
    """The checkpoints and the runs that are laid aside in a study's folder; also damaged ones, in quarantine."""
    found = {}
    parents = [folder / PAUSED, *_folders(folder / CHECKPOINTS)]
    for parent in parents:
        for place in (parent, parent / QUARANTINE):
            for unit in _folders(place):
                if unit.name != QUARANTINE:
                    known = unit.stat()
                    found[unit.relative_to(folder).as_posix()] = (known.st_ino, known.st_mtime_ns)
    return found


def frozen(folder: Path) -> list[str]:
    """The files with frozen weights in a study's folder."""
    return [path.relative_to(folder).as_posix() for path in sorted((folder / BACKBONE).glob("*.safetensors"))]


def belonging(folder: Path, runs: Collection[str]) -> list[str]:
    """What runs go on from: the units of theirs that can be resumed, none in quarantine."""
    units = [unit for unit in resumable(folder) if QUARANTINE not in unit]
    laid_aside = [unit for unit in units if unit.startswith(PAUSED) and unit.split("/")[1].rpartition("@")[0] in runs]
    theirs = {
        unit.rpartition("/")[0]
        for unit in units
        if unit.startswith(CHECKPOINTS) and not _runs_of(folder / unit).isdisjoint(runs)
    }
    return laid_aside + [unit for unit in units if unit.rpartition("/")[0] in theirs]


def link_tree(source: Path, target: Path) -> None:
    """The same files under another name: hard links where the file system has them, else copies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(STAGED))


def _runs_of(checkpoint: Path) -> set[str]:
    """Whose checkpoint it is; nobody's where that cannot be read: a whole one beside it says so."""
    try:
        return set(json.loads((checkpoint / "group.json").read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
