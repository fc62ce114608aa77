"""A study's folder: the same study is continued in it, any other is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunefork.config import Configuration, DataConfig, StudyConfig
from tunefork.errors import StoreError
from tunefork.store import SqliteStore
from tunefork.study_file import write_study


def check_folder(folder: Path, config: StudyConfig, data_hash: str) -> None:
    """Continue the same study only: another one in the same folder would mix results.

    Raises:
        StoreError: the folder holds another study, or something else.
    """
    written = folder / "study.yaml"
    if not (folder / "study.db").exists():
        if folder.exists() and any(folder.iterdir()):
            raise StoreError(
                "The folder is not empty and holds no study", where=str(folder), fix="Choose another folder with -o."
            )
        return
    differences = []
    if written.exists():
        import yaml

        try:
            before = yaml.safe_load(written.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            raise StoreError(
                "The study's copy of its study file cannot be read",
                where=str(written),
                fix="Restore it, or choose another folder with -o.",
            ) from None
        differences = _differences(_completed(before), yaml.safe_load(write_study(config)))
    store = SqliteStore.open(folder)
    try:
        before_hash = store.study().data_hash
        if not differences and before_hash != data_hash:
            differences = [f"the data: its hash was {before_hash[:12]} and is {data_hash[:12]}"]
    except StoreError:
        pass  # interrupted before anything was recorded
    finally:
        store.close()
    if differences:
        raise StoreError(
            "The folder holds another study",
            where=str(folder),
            found="; ".join(differences[:4]),
            fix="Choose another folder with -o, or delete this one.",
        )


def _completed(before: Any) -> Any:
    """A study file of an earlier version with the settings that came later, at their defaults."""
    import yaml

    if not isinstance(before, dict):
        return before
    plain = StudyConfig(data=DataConfig(train="-"), compare=(Configuration("head"),))
    defaults = yaml.safe_load(write_study(plain))
    found = {**defaults, **before}
    for name, section in defaults.items():
        if isinstance(section, dict) and isinstance(found[name], dict):
            found[name] = {**section, **found[name]}
    return found


def _differences(before: Any, now: Any, name: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = list(dict.fromkeys([*before, *now]))
        return [
            each
            for key in keys
            for each in _differences(before.get(key), now.get(key), f"{name}.{key}".removeprefix("."))
        ]
    return [] if before == now else [f"{name} was {before!r} and is {now!r}"]
