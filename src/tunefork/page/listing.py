"""A line for each study: what it is, how it stands, what it has found so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefork.errors import ConfigError, StoreError
from tunefork.page.finding import Shelf
from tunefork.page.measures import Measures
from tunefork.page.standing import HOPEFUL, Standing, begun, facts, opened, standing
from tunefork.store import RunRecord, SqliteStore, StudyRecord
from tunefork.store.database import FILE
from tunefork.yaml_lines import LARGEST, load_yaml

STUDY_FILE = "study.yaml"


class Listing:
    """The list of studies. What cannot have changed since somebody asked is not read again.

    Args:
        shelf: where studies are.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[Path, tuple[object, dict[str, Any]]] = {}

    def lines(self) -> list[dict[str, Any]]:
        """All studies: those that run first, then by when something was recorded, the latest first."""
        found = [{"id": study, **self._line(folder)} for study, folder in self._shelf.folders().items()]
        return sorted(found, key=lambda line: (line["state"] != "running", -line["changed"]))

    def _line(self, folder: Path) -> dict[str, Any]:
        mark = _mark(folder)
        if self._known.get(folder, (None,))[0] != mark:
            self._known[folder] = (mark, _line(folder, self._shelf.place(folder)))
        known = self._known[folder][1]
        if known["state"] != "running":
            return known
        if standing(folder, ()).state == "running":  # whoever holds it may be killed, which changes no file
            return known
        self._known.pop(folder, None)
        return _line(folder, self._shelf.place(folder))


def _mark(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Another one as soon as something was recorded."""
    paths = [folder / name for name in (FILE, f"{FILE}-wal", "study.lock")]
    return tuple((path.name, (at := path.stat()).st_mtime_ns, at.st_size) for path in paths if path.is_file())


def _line(folder: Path, place: str) -> dict[str, Any]:
    common = {"place": place, "changed": _changed(folder)}
    try:
        with opened(folder) as store:
            study, runs = begun(store), store.runs()
            now = standing(folder, runs)
            return {**common, **facts(study, folder), "data": _data(folder), "error": "", "state": now.state,
                    **_counts(now), "trials": len(store.trials()), "best": _best(study, runs, store)}  # fmt: skip
    except (StoreError, OSError) as error:  # one study that cannot be read must not hide the others: its line says so
        nothing = {**facts(None, folder), "data": "", "trials": 0, "best": None, **_counts(Standing("failed"))}
        return {**common, **nothing, "state": "unreadable", "error": str(error)}


def _counts(now: Standing) -> dict[str, int]:
    return {"total": now.total, "done": now.done, "ended": now.ended, "broken": now.broken}


def _changed(folder: Path) -> float:
    """When something was recorded, in seconds since the epoch."""
    return max((time for _, time, _ in _mark(folder)), default=0) / 1e9


def _best(study: StudyRecord | None, runs: Sequence[RunRecord], store: SqliteStore) -> dict[str, str] | None:
    """The run that validation prefers so far."""
    measures = Measures.of(study)
    kept = {}
    for run in (each for each in runs if each.status in HOPEFUL):
        evaluated = [measures.evaluated(each) for each in store.evaluations(run.id, "validation")]
        kept[run.id] = measures.kept(run, evaluated)
    leading = measures.leading(kept)
    found = kept.get(leading or "")
    if found is None:
        return None
    name = next(run.name for run in runs if run.id == leading)
    metric, units = measures.headline, measures.units
    return {"name": name, "metric": units.name(metric), "text": measures.text(metric, found.get(metric))}


def _data(folder: Path) -> str:
    """The name of the training rows' file, as the study's own copy of its study file has it."""
    path = folder / STUDY_FILE
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return ""
        data = load_yaml(path.read_text(encoding="utf-8"), STUDY_FILE)[0].get("data")
    except (ConfigError, UnicodeDecodeError):
        return ""  # the file is for whoever repeats the study; the list needs but a name
    train = data.get("train", "") if isinstance(data, dict) else data
    return Path(train).name if isinstance(train, str) and not train.startswith("hub:") else str(train or "")
