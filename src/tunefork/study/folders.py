"""A study's folder: the same study is continued in it, any other is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunefork.config import StudyConfig, unknown_metrics
from tunefork.errors import ConfigError, OtherStudyError, StoreError
from tunefork.smoke import MADE_UP
from tunefork.store import SqliteStore
from tunefork.store.lease import FILE as LOCK
from tunefork.study_file import build_study, parse_study, write_study
from tunefork.yaml_lines import load_yaml

OF_THE_REPORT = ("examples",)
"""Settings of ``data`` that may differ when a study is continued: they are about its report alone."""
LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "numpy", "pillow", "kornia")
"""Whose versions may change what is trained or read."""
ELSEWHERE = "Choose another folder with -o, begin anew beside it with --fork, or delete this one."
OF_NOTHING = ("save_every", "trackers")
"""Settings of a study that change nothing that is trained or measured."""


def check_folder(folder: Path, config: StudyConfig, data_hash: str | None) -> None:
    """Continue the same study only: another one in the same folder would mix results.

    Args:
        folder: of the study.
        config: of the study that is to be run.
        data_hash: of its rows; None where somebody else compares them.

    Raises:
        OtherStudyError: the folder holds another study.
        StoreError: it holds something else.
    """
    written = folder / "study.yaml"
    if not (folder / "study.db").exists():
        if folder.exists() and any(path.name not in (LOCK, MADE_UP) for path in folder.iterdir()):
            raise StoreError(
                "The folder is not empty and holds no study", where=str(folder), fix="Choose another folder with -o."
            )
        return
    differences = []
    if written.exists():
        differences = _differences(_plain(_before(written)), _plain(write_study(config)))
    before_hash = _before_hash(folder)
    if not differences and data_hash is not None and before_hash not in ("", data_hash):
        differences = [f"the data: its hash was {before_hash[:12]} and is {data_hash[:12]}"]
    if differences:
        raise OtherStudyError(
            "The folder holds another study", where=str(folder), found="; ".join(differences[:4]), fix=ELSEWHERE
        )


def check_libraries(folder: Path, now: Mapping[str, Any]) -> None:
    """Go on with the libraries that the study began with: runs of two versions cannot be compared.

    A study whose runs have all ended may be reported with others.

    Args:
        folder: of the study.
        now: the versions that are installed, by name.

    Raises:
        OtherStudyError: naming those that differ.
    """
    try:
        store = SqliteStore.open(folder)
    except StoreError:
        return  # nothing was begun
    try:
        before, runs = store.study().environment, store.runs()
    except StoreError:
        return
    finally:
        store.close()
    changed = [
        f"{name} was {before[name]} and is {now.get(name)}"
        for name in LIBRARIES
        if name in before and before[name] != now.get(name)
    ]
    begun = any(run.settled or run.status in ("running", "paused") for run in runs)
    if changed and begun and not all(run.settled for run in runs):
        raise OtherStudyError(
            "The study began with other libraries, and runs of both could not be compared",
            where=str(folder),
            found="; ".join(changed),
            fix=f"Install those again to go on. {ELSEWHERE}",
        )


def beside(folder: Path) -> Path:
    """The first folder beside one that is not there yet.

    >>> beside(Path("no/such/study")).name
    'study-2'
    """
    number = 2
    while (found := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return found


def _before_hash(folder: Path) -> str:
    """The hash of the rows that the folder's study has; empty where it was cut off before anything was recorded."""
    try:
        store = SqliteStore.open(folder)
    except StoreError:
        return ""
    try:
        return store.study().data_hash
    except StoreError:
        return ""
    finally:
        store.close()


def kept_study(folder: Path) -> StudyConfig:
    """What a study's own copy of its study file says of its model and rows.

    Metrics of the user's own, which only whoever runs the study has, are read as the loss.

    Raises:
        StudyFileError: it cannot be meant.
        OSError: there is none.
    """
    written = folder / "study.yaml"
    plain, lines = load_yaml(written.read_text(encoding="utf-8"), str(written))
    for path, _ in unknown_metrics(plain):
        place: Any = plain
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = "loss"
    return build_study(plain, str(written), lines)


def _before(written: Path) -> str:
    """The study file of the folder as today's version writes it: settings that came later have their defaults.

    Raises:
        StoreError: it is no YAML.
    """
    import yaml

    try:
        text = written.read_text(encoding="utf-8")
        plain = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError):
        raise StoreError(
            "The study's copy of its study file cannot be read",
            where=str(written),
            fix="Restore it, or choose another folder with -o.",
        ) from None
    # metrics of the user's own stand in it by their names, which nobody has to know here
    own = [name for _, name in unknown_metrics(plain)] if isinstance(plain, dict) else []
    try:
        return write_study(parse_study(text, str(written), own=own))
    except ConfigError:
        return text  # of another version, or changed by hand: its differences are told as they stand


def _plain(text: str) -> Any:
    """A study file's content, without what changes nothing that is trained or measured."""
    import yaml

    content = yaml.safe_load(text)
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        content["data"] = {key: value for key, value in content["data"].items() if key not in OF_THE_REPORT}
    return (
        {key: each for key, each in content.items() if key not in OF_NOTHING} if isinstance(content, dict) else content
    )


def _differences(before: Any, now: Any, name: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = list(dict.fromkeys([*before, *now]))
        return [
            each
            for key in keys
            for each in _differences(before.get(key), now.get(key), f"{name}.{key}".removeprefix("."))
        ]
    return [] if before == now else [f"{name} was {before!r} and is {now!r}"]
