"""The data-parallel runner: each group over several processes of this machine, one per device."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import torch

from tunefork.engine import stopping
from tunefork.errors import ConfigError
from tunefork.plan import Plan
from tunefork.runner.local import ANNOUNCED
from tunefork.runner.orders import open_orders
from tunefork.runner.parallel.pool import TeamHand, TeamPool
from tunefork.runner.protocol import Job, Places, Watcher
from tunefork.store import SqliteStore, Store


class DataParallelRunner:
    """Executes a plan group by group, each in several processes; see ``Runner`` for the contract.

    Every process computes its part of each forward pass; what comes out is what one process gives, but for rounding.
    As a context it keeps its processes from its beginning to its end; else they are started for every ``execute``.

    Args:
        processes: how many; one for each GPU unless given.
        threads: of each; its part of this machine's unless given.

    Example:
        >>> study.run(runner=DataParallelRunner(2))  # doctest: +SKIP

    Raises:
        ConfigError: there are not two processes, or not a thread for each.
    """

    def __init__(self, processes: int | None = None, *, threads: int | None = None) -> None:
        found = processes or (torch.cuda.device_count() if torch.cuda.is_available() else 0)
        if found < 2 or (threads is not None and threads < 1):
            raise ConfigError(
                "A group is divided among two processes or more, of a thread or more each",
                where="runner: data-parallel", found=f"processes {found}, threads {threads or 'as many as there are'}",
                fix="Write --runner data-parallel:2.",
            )  # fmt: skip
        self.processes, self._threads = found, threads or max(1, torch.get_num_threads() // found)
        self._keeps, self._idle = False, list[TeamHand]()

    def __enter__(self) -> Self:
        self._keeps = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        self._keeps = False
        while self._idle:
            self._idle.pop().end()

    def places(self) -> Places | None:
        """One group at a time, over all processes."""
        return Places(1, self._threads, self.processes)

    def execute(self, plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        """Execute the plan.

        Raises:
            ConfigError: a metric of the user's own that another process cannot import, or a store that it cannot open.
        """
        if not isinstance(store, SqliteStore):
            raise ConfigError("Other processes cannot open this store", where="runner: data-parallel",
                              found=type(store).__name__, fix="Keep the study in a folder.")  # fmt: skip
        for metric in job.own:
            if not metric.importable:
                raise ConfigError(
                    f"Other processes cannot import the metric '{metric.name}'", where="runner: data-parallel",
                    found=f"a function of {metric.source.partition(':')[0]}",
                    fix="Put the function into a module, or train with the runner local.",
                )  # fmt: skip
        done, orders = open_orders(plan, job, store)
        watcher.begin(plan, done)
        try:
            with stopping(ANNOUNCED):
                if orders:
                    threads = plan.threads or self._threads
                    idle = self._idle if self._keeps else None
                    with TeamPool(self.processes, threads, job, store, watcher, idle) as pool:
                        pool.execute(orders)
        finally:
            watcher.end()
