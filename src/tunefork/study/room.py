"""Whether the disk has room for a study, before it trains."""

from __future__ import annotations

import shutil
from pathlib import Path

from tunefork.errors import DiskFullError
from tunefork.plan import Plan, estimate_disk_mib
from tunefork.store import Store


def check_room(plan: Plan, store: Store, labels: int) -> None:
    """Refuse to begin what would fill the disk.

    Args:
        plan: what is to be trained.
        store: knows what is done already, and where files go.
        labels: numbers that a model answers with.

    Raises:
        DiskFullError: with what is needed and what is free.
    """
    settled = {run.id for run in store.runs() if run.settled}
    waiting = [run for run in plan.runs if run.config.id not in settled]
    needed = estimate_disk_mib(waiting, [group.runs for group in plan.groups], plan.rows, labels, plan.workers)
    place = next(each for each in (store.folder, *store.folder.resolve().parents) if Path(each).is_dir())
    free = shutil.disk_usage(place).free / 2**20
    if needed > free:
        runs = f"{len(waiting)} run{'s' if len(waiting) > 1 else ''}"
        raise DiskFullError(
            f"There is no room on the disk for the models, answers and checkpoints of {runs}",
            where=str(store.folder),
            found=f"about {needed:,.0f} MiB are needed and {free:,.0f} MiB are free",
            fix="Make room, choose a folder on another disk with -o, or train fewer runs at a time (--workers 1).",
        )
