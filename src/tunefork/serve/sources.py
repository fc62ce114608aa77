"""Which models are served, and by which names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunefork.errors import ConfigError, ModelNotFoundError
from tunefork.predictor import model_folder


@dataclass(frozen=True)
class Source:
    """A model to serve."""

    id: str
    """By which it is asked."""
    folder: Path
    run: str = ""
    """The run's id, where a study has it."""


def find_sources(words: Sequence[str], every: bool = False) -> tuple[Source, ...]:
    """What the command line names.

    Args:
        words: ``DIR`` or ``NAME=DIR``: a study's folder (its best run), a run's, or that of a saved or exported model.
            Without a name it is called as its folder.
        every: of a study, all finished runs, called by their ids, behind ``NAME.`` where more than one folder is named.

    Raises:
        ModelNotFoundError: a folder without a model.
        ConfigError: two models of one name.
    """
    found: list[Source] = []
    for word in words:
        name, folder = _named(word)
        if every and (folder / "study.db").is_file():
            found += _runs(folder, f"{name}." if len(words) > 1 else "")
        else:
            place = model_folder(folder)
            found.append(Source(name, place, place.name if place != folder else ""))
    names = [source.id for source in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"Two models are called '{twice[0]}'",
            found=", ".join(str(source.folder) for source in found if source.id == twice[0]),
            fix=f"Name them: {twice[0]}-2=DIR.",
        )
    return tuple(found)


def _named(word: str) -> tuple[str, Path]:
    name, sign, place = word.partition("=")
    if sign and name and not Path(word).exists():
        return name, Path(place)
    return Path(word).resolve().name, Path(word)


def _runs(folder: Path, prefix: str) -> list[Source]:
    from tunefork.store import SqliteStore

    store = SqliteStore.open(folder)
    try:
        done = [record.id for record in store.runs() if record.status == "done"]
        found = [Source(f"{prefix}{name}", store.run_folder(name), name) for name in done]
    finally:
        store.close()
    if not found:
        raise ModelNotFoundError("No run of the study finished", where=str(folder), fix="Run the study again.")
    return found
