"""The model that a study began with: its files, by their hashes, so that no other takes its place on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunefork.errors import OtherStudyError, StoreError
from tunefork.models import Backbone
from tunefork.store import SqliteStore, Store
from tunefork.store.whole import digest_of
from tunefork.study.folders import ELSEWHERE

KEPT_AS = "model"
READ = (".safetensors", ".bin", ".json", ".txt", ".model")
"""Ends of the names of files that are read of a model's folder: weights, configs, tokenizers."""


def check_model(folder: Path, files: Mapping[str, str]) -> None:
    """Go on with the model that the study began with.

    A study whose runs have all ended may be reported with another one in its place.

    Args:
        folder: of the study.
        files: of the model as it is now, see ``model_files``.

    Raises:
        OtherStudyError: naming the files that changed.
    """
    try:
        store = SqliteStore.open(folder)
    except StoreError:
        return  # nothing was begun
    try:
        before, settled = store.chosen(KEPT_AS), {run.settled for run in store.runs()}
    finally:
        store.close()
    changed = [name for name in sorted({*before, *files}) if before.get(name) != files.get(name)]
    if before and changed and settled != {True}:
        raise OtherStudyError(
            "The model is not the one that the study began with, and runs of both could not be compared",
            where=str(folder),
            found=_told(before, files, changed),
            fix=ELSEWHERE if "commit" in changed else f"Put the files back to go on. {ELSEWHERE}",
        )


def _told(before: Mapping[str, str], now: Mapping[str, str], changed: Sequence[str]) -> str:
    if "commit" in changed:
        return f"commit {before.get('commit') or 'unknown'}, now {now.get('commit') or 'unknown'}"
    return f"changed: {', '.join(changed[:5])}"


def keep_model(store: Store, files: Mapping[str, str]) -> None:
    """Remember what the model is; a study that goes on has been compared already."""
    if not store.chosen(KEPT_AS):
        store.choose(KEPT_AS, files)


def model_files(backbone: Backbone) -> dict[str, str]:
    """Hashes of the files of a folder; of a model of the hub its commit."""
    folder = Path(backbone.name)
    if not folder.is_dir():
        return {"commit": str(getattr(backbone.model.config, "_commit_hash", None) or backbone.revision or "")}
    return {path.name: digest_of(path) for path in sorted(folder.iterdir()) if path.suffix in READ and path.is_file()}
