"""Somebody asks, from another process, that a study stop, or some of its runs.

The wish is written into the study's store, where the processes that train look for it between steps. One for the study
is for whoever is at work now, and is forgotten when the next process begins; one for a run stands.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tunefork.errors import StoreError
from tunefork.preflight import Preflight
from tunefork.runner import STUDY, Watcher
from tunefork.store import RunRecord, SqliteStore, StopWish, Store
from tunefork.store.database import FILE
from tunefork.store.folder import no_run
from tunefork.store.lease import holder
from tunefork.study.searching import FOLDER

LISTED = 4
"""Runs that are named in one line at most."""


@dataclass(frozen=True)
class Asked:
    """What was asked of a study, and what comes of it."""

    folder: Path
    """The study's."""
    runs: tuple[str, ...]
    """The ids of the runs that are to stop; none where it is the whole study."""
    told: tuple[str, ...]
    """What will happen: a sentence for each run, or one for the study."""


def stop(folder: Path, runs: Sequence[str] = ()) -> Asked:
    """Ask that runs of a study stop, or the study; it returns at once and waits for nothing.

    A run that trains ends behind the step that it is at, as ``stopped``, and its neighbours go on with the very bits
    that they would have had. One that has not begun is never trained. Neither is taken up again when the study is
    continued. The study stops as it does on SIGTERM: everything is kept, and the same command continues it.

    Args:
        folder: the study's.
        runs: ids, also of a search's trials; the whole study where there are none.

    Raises:
        StoreError: there is no study, no such run, the run has ended, or nobody is at work who could stop.
        ProblemsError: several of these.

    Example:
        >>> stop(Path("tunefork-reviews"), ["lora-5bcb-s0"]).told  # doctest: +SKIP
        ('LoRA r=8 query+value, seed 0 ends behind the step that it is at, as stopped.',)
    """
    folder = Path(folder)
    known = _runs(folder)
    at_work = holder(folder) is not None
    asked = time.time()
    if not runs:
        if not at_work:
            raise StoreError(
                "Nobody is at work in this folder, so there is no study to stop",
                where=str(folder),
                fix="`tunefork run` continues a study that has not ended; name runs that are not to go on then.",
            )
        _write(folder, [StopWish("", asked)])
        for place in _searches(folder):  # looked for anew: a search that begins later takes the wish over
            _write(place, [StopWish("", asked)])
        again = shlex.join(["tunefork", "run", str(folder / "study.yaml"), "-o", str(folder)])
        return Asked(folder, (), (f"The study stops behind this step, and everything is kept. To continue: {again}",))
    wanted, checks = tuple(dict.fromkeys(runs)), Preflight()
    found = [checks.look(partial(_find, run, known)) for run in wanted]
    checks.settle()
    waiting = [each for each in found if each is not None]
    for place in known:
        _write(place, [StopWish(run.id, asked) for where, run in waiting if where == place])
    return Asked(folder, wanted, tuple(_sentence(run, at_work) for _, run in waiting))


def stopped_runs(folder: Path) -> list[RunRecord]:
    """The runs of a study that were stopped on demand; none where there is no study."""
    if not (folder / FILE).is_file():
        return []
    return [run for runs in _runs(folder).values() for run in runs if run.on_demand]


def tell_stopped(store: Store, watcher: Watcher) -> None:
    """Say in one line which runs stay stopped when a study is continued."""
    found = [_title(run) for run in store.runs() if run.on_demand]
    if found:
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        count = "1 run stays" if len(found) == 1 else f"{len(found)} runs stay"
        watcher.tell(STUDY, f"{count} stopped, on demand: {', '.join(found[:LISTED])}{more}; --fork begins anew")


def _runs(folder: Path) -> dict[Path, list[RunRecord]]:
    """The runs of a study and, where it has a search, of that; by the folders of their stores."""
    stores = {folder: SqliteStore.open(folder)}
    stores |= {place: SqliteStore(place) for place in _searches(folder)}  # which makes tables, where it just begins
    try:
        return {place: store.runs() for place, store in stores.items()}
    finally:
        for store in stores.values():
            store.close()


def _searches(folder: Path) -> list[Path]:
    """Where the store of a study's search is, if it has one."""
    place = folder / FOLDER
    return [place] if (place / FILE).is_file() else []


def _find(run_id: str, known: dict[Path, list[RunRecord]]) -> tuple[Path, RunRecord]:
    """A run that can be stopped, and where its store is."""
    found = [(place, run) for place, runs in known.items() for run in runs if run.id == run_id]
    if not found:
        raise no_run(run_id, [run.id for runs in known.values() for run in runs])
    waiting = [each for each in found if each[1].status in ("planned", "running", "paused")]
    if not waiting:
        _, run = found[0]
        raise StoreError(
            "The run has already ended",
            where=f"{run.id}: {_title(run)}",
            found=run.status,
            fix="Name runs that train or wait.",
        )
    return waiting[0]


def _write(folder: Path, wishes: list[StopWish]) -> None:
    if not wishes:
        return
    store = SqliteStore(folder)
    try:
        store.put_wishes(wishes)
    finally:
        store.close()


def _sentence(run: RunRecord, at_work: bool) -> str:
    """What will become of a run that is to stop."""
    title = _title(run)
    if run.status == "planned":
        return f"{title} will not be trained."
    if run.status == "paused":
        return f"{title} is laid aside and will not be taken up again."
    if at_work:
        return f"{title} ends behind the step that it is at, as stopped."
    return f"{title} was cut off and will not go on: it ends as stopped when the study is continued."


def _title(run: RunRecord) -> str:
    return f"{run.name}, seed {run.seed}"
