"""The Ray runner: groups on the machines of a cluster, or on several workers of this one."""

from __future__ import annotations

import math
import uuid
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from tunefork.engine import stopping
from tunefork.errors import ConfigError
from tunefork.plan import Plan
from tunefork.runner.cluster.cluster import Cluster
from tunefork.runner.cluster.crew import ClusterCrew
from tunefork.runner.cluster.hand import ClusterHand
from tunefork.runner.cluster.parcel import Sent, pack
from tunefork.runner.local import ANNOUNCED
from tunefork.runner.orders import open_orders
from tunefork.runner.protocol import Job, Places, Watcher
from tunefork.store import Store

GOODBYE = 5.0
"""Seconds in which workers may clear up their machines before they are ended."""


class RayRunner:
    """Executes a plan on a Ray cluster; see ``Runner`` for the contract.

    Each worker asks for ``threads`` CPUs, and for a GPU where the cluster has some; a group goes to whoever is free,
    the longest first. It is connected when it is first asked for something, and until ``close``; as a context
    from its beginning to its end.

    Args:
        address: of the cluster, ``HOST:PORT`` or ``auto``; that in the variable RAY_ADDRESS unless given, and where
            there is none either, a cluster of this machine alone is started.
        threads: of each worker; more pay off where there are few groups. 1 unless given; on this machine alone they are
            measured then.
        gpus: that each worker asks for, such as 0.5; 1 unless given where the cluster has GPUs, else 0.
        most: workers at most; as many as there is room for unless given, also on machines that join later.
        cores: of a cluster of this machine alone; all unless given.
        memory: bytes of that cluster's object store; Ray's choice unless given.

    Example:
        >>> with RayRunner("auto", threads=2) as runner:  # doctest: +SKIP
        ...     study.run(runner=runner)

    Raises:
        ConfigError: a number of threads, GPUs or workers that cannot be meant.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        threads: int | None = None,
        gpus: float | None = None,
        most: int | None = None,
        cores: int | None = None,
        memory: int | None = None,
    ) -> None:
        if (
            (threads is not None and threads < 1)
            or (most is not None and most < 1)
            or (gpus is not None and not _possible(gpus))
        ):
            raise ConfigError(
                "A worker has at least one thread, and a part of a GPU or a whole number of them", where="runner: ray",
                found=f"threads {threads}, gpus {gpus}, workers {most}",
                fix="Write gpus as 0, as a part of one such as 0.5 or as a whole number; threads and workers from 1.",
            )  # fmt: skip
        self._address, self._threads, self._gpus, self._most = address, threads, gpus, most
        self._cores, self._memory = cores, memory
        self._connected: Cluster | None = None
        self._idle: list[ClusterHand] = []

    def __enter__(self) -> Self:
        self._connected = self.cluster  # what is wrong with it is told before anything is read
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def cluster(self) -> Cluster:
        """The connection, made where there is none."""
        if self._connected is None:
            self._connected = Cluster(self._address, self._cores, self._memory)
        return self._connected

    def close(self) -> None:
        """End the workers and the connection, and the cluster where it was started here."""
        idle, connected = [hand for hand in self._idle if hand.alive], self._connected
        self._idle, self._connected = [], None
        with ExitStack() as ending:
            if connected is None:
                return
            ending.callback(connected.close)
            for hand in idle:
                ending.callback(hand.end)
            if idle:
                connected.ray.wait([hand.leave() for hand in idle], num_returns=len(idle), timeout=GOODBYE)

    def places(self) -> Places | None:
        """What the cluster has room for now; None on this machine alone, where that is measured."""
        if self.cluster.local and self._threads is None:
            self._check(1)
            return None
        self._check(self._threads or 1)
        found = self.cluster.places(self._threads or 1, self._each)
        return replace(found, groups=min(found.groups, self._most or found.groups))

    def execute(self, plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        """Execute the plan.

        Raises:
            ConfigError: a metric of the user's own that another process cannot import.
            RunnerError: the cluster cannot be used.
        """
        for metric in job.own:
            if not metric.importable:
                raise ConfigError(
                    f"Workers on a cluster cannot import the metric '{metric.name}'", where="runner: ray",
                    found=f"a function of {metric.source.partition(':')[0]}",
                    fix="Put the function into a module that every machine has, or train with the runner local.",
                )  # fmt: skip
        done, orders = open_orders(plan, job, store)
        watcher.begin(plan, done)
        try:
            with stopping(ANNOUNCED):
                if orders:
                    self._check(max(1, plan.threads))
                    cluster = self.cluster
                    sent = Sent(cluster.ray.put(pack(job)), uuid.uuid4().hex)
                    with ClusterCrew(cluster, plan, sent, store, watcher, self._most, self._each, self._idle) as crew:
                        crew.execute(orders)
        finally:
            watcher.end()

    def _check(self, threads: int) -> None:
        """To a cluster of this machine alone nothing is added, so there is nothing to wait for."""
        if self.cluster.local and not self.cluster.fits(threads, self._each):
            there: dict[str, float] = self.cluster.ray.cluster_resources()
            raise ConfigError(
                "A group asks for more than this machine has, and to a cluster of it alone no other is added",
                where="runner: ray",
                found=f"{threads} CPU and {self._each:g} GPU; here are {there.get('CPU', 0):g} CPU and "
                f"{there.get('GPU', 0):g} GPU",
                fix="Ask for less (--runner ray:threads=1,gpus=0), or name a cluster with --address.",
            )  # fmt: skip

    @property
    def _each(self) -> float:
        """GPUs of a worker."""
        if self._gpus is not None:
            return self._gpus
        return 1.0 if self.cluster.has_gpus() else 0.0


def _possible(gpus: float) -> bool:
    """Ray gives parts of one GPU, or whole ones.

    >>> _possible(0.5), _possible(2), _possible(1.5), _possible(-1)
    (True, True, False, False)
    """
    return 0 <= gpus <= 1 or (1 < gpus < math.inf and gpus == int(gpus))
