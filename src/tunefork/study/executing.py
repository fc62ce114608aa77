"""A study's plan, executed: records first, then training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.config import Search
from tunefork.errors import StoreError
from tunefork.plan import Plan
from tunefork.runner import Job
from tunefork.store import Store, StudyRecord
from tunefork.study.conduct import Conduct
from tunefork.study.prepare import study_record
from tunefork.study.records import finished, register
from tunefork.study.room import check_room
from tunefork.study.start import keep_beside

if TYPE_CHECKING:
    from tunefork.study.study import Study


def execute(study: Study, plan: Plan, store: Store, conduct: Conduct, looked_for: Search | None = None) -> None:
    """Train what a plan asks for and the store does not have.

    Args:
        study: whose plan it is.
        plan: what to train.
        store: gets every record and every artefact.
        conduct: who trains, who watches, until when.
        looked_for: how the study's settings were found, where they were not given.
    """
    register(store, plan.runs)
    if finished(store, plan):
        return
    check_room(plan, store, len(study.splits.labels.names))
    config, own = study.config, study.own_metrics
    record = study_record(config, study.backbone, study.splits, study.encoded, plan, _before(store), own)
    if looked_for is not None:
        record = replace(record, search=looked_for.model_dump(mode="json"))
    store.begin(record)
    backbone = study.backbone
    if config.start_from is not None:
        backbone = replace(backbone, name=str(keep_beside(Path(backbone.name), store.folder)))
    job = Job(
        backbone, study.encoded.rows, study.selections, config.selection.metric, study.facts(),
        own=own, deadline=conduct.deadline, finish=conduct.finish, save_every=config.save_every,
    )  # fmt: skip
    conduct.executes.execute(plan, job, store, conduct.watcher)


def _before(store: Store) -> StudyRecord | None:
    """What an earlier part of the study has recorded."""
    try:
        return store.study()
    except StoreError:
        return None
