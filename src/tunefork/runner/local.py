"""The local runner: groups one after another in this process, or several at once in worker processes."""

from __future__ import annotations

from collections.abc import Sequence

from tunefork.engine import PrefixCache, compute_threads, stopping, wanted
from tunefork.errors import StoppedError
from tunefork.plan import Plan
from tunefork.runner.group import Order, execute_group
from tunefork.runner.orders import open_orders
from tunefork.runner.pool import Pool
from tunefork.runner.protocol import Job, Places, Watcher
from tunefork.runner.team import SOLO, Solo, Team
from tunefork.store import SqliteStore, Store

ANNOUNCED = "stopping behind this step; once more to stop at once"


class LocalRunner:
    """Executes a plan on this machine; see ``Runner`` for the contract.

    ``plan.workers`` groups train at once, each in a process of its own with ``plan.threads`` threads: small products
    gain little from a second thread and much from a second group. A store that other processes cannot open
    (``MemoryStore``) keeps everything in this process.
    """

    def places(self) -> Places | None:
        """None: how many groups at a time are fastest here is measured."""
        return None

    def execute(self, plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        """Execute the plan."""
        done, orders = open_orders(plan, job, store)
        watcher.begin(plan, done)
        try:
            with stopping(ANNOUNCED):
                self._execute(orders, plan, job, store, watcher)
        finally:
            watcher.end()

    def _execute(self, orders: Sequence[Order], plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        if plan.workers > 1 and isinstance(store, SqliteStore):
            with Pool(min(plan.workers, len(orders)), plan.threads, job, store, watcher) as pool:
                pool.execute(orders)
        else:
            in_turn(orders, plan, job, store, watcher, PrefixCache())


def in_turn(
    orders: Sequence[Order],
    plan: Plan,
    job: Job,
    store: Store,
    watcher: Watcher,
    cache: PrefixCache,
    team: Team | Solo = SOLO,
) -> None:
    """Train groups one after another in this process.

    Args:
        orders: the groups.
        plan: says how many threads compute.
        job: what runs need.
        store: gets what they give.
        watcher: is told of them.
        cache: of the frozen blocks, which are the same for all groups.
        team: that this process leads.

    Raises:
        StoppedError: somebody asked.
    """
    with compute_threads(plan.threads):
        for order in orders:
            execute_group(order, job, store, watcher, cache, team)
            if (asked := wanted()) is not None:
                raise StoppedError(asked)
