"""The store's records of what a plan is about to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tunefork.plan import Plan, PlannedRun
from tunefork.store import RunRecord, Store


def register(store: Store, runs: Sequence[PlannedRun]) -> None:
    """A record for every planned run; runs that are there keep their results and get today's name, blocks, formulas."""
    known = {run.id: run for run in store.runs()}
    records = []
    for planned in runs:
        config = planned.config
        record = known.get(config.id) or RunRecord(
            id=config.id,
            configuration=config.configuration,
            name=planned.name,
            strategy=config.strategy.kind,
            seed=config.seed,
            config=config.model_dump(mode="json"),
            counts=planned.counts,
            steps=planned.steps or 0,
            notices=planned.notices,
        )
        records.append(replace(record, name=planned.name, blocks=planned.blocks, formulas=planned.formulas))
    store.put_runs(records)


def finished(store: Store, plan: Plan) -> bool:
    """Whether every planned run is done, or was stopped on demand."""
    wanted = {run.config.id for run in plan.runs}
    return all(run.settled for run in store.runs() if run.id in wanted)
