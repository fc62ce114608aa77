"""What a plan asks of a runner, whatever it runs on: the orders that are open, in the order in which they begin."""

from __future__ import annotations

from tunefork.plan import Plan, PlannedRun
from tunefork.runner.group import Order, order_of
from tunefork.runner.protocol import Job
from tunefork.store import RunRecord, Store


def open_orders(plan: Plan, job: Job, store: Store) -> tuple[set[str], list[Order]]:
    """The ids of runs of which the plan asks nothing more, and an order for every group that has others.

    Args:
        plan: to be executed.
        job: knows whether time may run out; then the cheapest groups come first.
        store: knows how far each run is.
    """
    known = {run.id: run for run in store.runs()}
    done = {run.config.id for run in plan.runs if is_done(known[run.config.id], run)}
    orders = [
        order_of(number, [plan.run(run) for run in group.runs], done, known, plan.precision)
        for number, group in plan.schedule(cheapest_first=job.deadline is not None)
        if not done.issuperset(group.runs)
    ]
    return done, orders


def is_done(record: RunRecord, planned: PlannedRun) -> bool:
    """Whether the plan asks nothing more of a run."""
    return record.settled or (record.status == "paused" and planned.last <= record.steps)
