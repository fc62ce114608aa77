"""A cluster of several nodes on this machine, which come and go; a program, since a process is part of one cluster.

    python -m tests.runner.nodes FOLDER SEED

The head has no CPU, so a study waits until two nodes join. Then the node of a worker that trains is killed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, ClassVar

import psutil
import ray
from ray._private import ray_constants
from ray.cluster_utils import Cluster

from tests.runner.contract import Told
from tests.runner.test_ray import prepared
from tunefork.runner import RayRunner
from tunefork.runner.cluster import runner as runner_of_crews
from tunefork.runner.cluster.crew import ClusterCrew
from tunefork.runner.cluster.hand import ClusterHand
from tunefork.runner.group import Order
from tunefork.runner.messages import Event
from tunefork.store import SqliteStore

KNOWN: dict[int, int] = {}


class Coming(Told):
    """Adds nodes when the study waits for some."""

    def __init__(self, cluster: Any) -> None:
        super().__init__()
        self.cluster = cluster

    def tell(self, group: int, text: str) -> None:
        super().tell(group, text)
        if text.startswith("waiting for the cluster"):
            for _ in range(2):
                add(self.cluster, 1)


class Killing(ClusterCrew):
    """Kills the node of a worker of which it hears a step, and keeps how workers died."""

    at = 0
    steps = 0
    nodes: ClassVar[set[int]] = set()
    buried: ClassVar[list[tuple[bool, bool, str]]] = []
    """Of each worker that died: whether it had a group, whether its machine was gone, and how it died."""

    def _take(self, hand: ClusterHand, event: Event) -> None:
        if event.name == "step":
            assert hand.met is not None
            Killing.steps += 1
            node = raylet(hand.met.pid)
            self.nodes.add(node)
            if self.steps == self.at:
                for pid in (node, hand.met.pid):  # a machine that goes takes all with it
                    os.kill(pid, signal.SIGKILL)
        super()._take(hand, event)

    def _bury(self, hand: ClusterHand) -> list[Order]:
        self.buried.append((hand.order is not None, hand.stranded, hand._how))
        return super()._bury(hand)


def raylet(worker: int) -> int:
    """The process of a worker's node; the last one that was known, where the worker has gone."""
    try:
        for each in psutil.Process(worker).parents():
            if each.name() == "raylet":
                KNOWN[worker] = each.pid
    except psutil.NoSuchProcess:
        pass
    return KNOWN[worker]


def add(cluster: Any, cores: int) -> None:
    cluster.add_node(num_cpus=cores, object_store_memory=100 * 2**20, include_dashboard=False)


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    ray_constants.ENABLE_RAY_CLUSTER = False  # addresses of this machine alone
    cluster = Cluster()
    try:
        add(cluster, 0)
        store = SqliteStore(folder)
        _, plan, job = prepared(store)
        told = Coming(cluster)
        Killing.at = random.Random(seed).randint(2, 9)
        runner_of_crews.ClusterCrew = Killing  # type: ignore[misc]
        with RayRunner(cluster.address) as runner:
            runner.execute(plan, job, store, told)
        addresses = {
            connection.laddr.ip.removeprefix("::ffff:")
            for each in psutil.Process().children(recursive=True)
            for connection in each.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        print(
            json.dumps(
                {
                    "waited": told.of_study, "told": told.texts, "nodes": len(Killing.nodes), "buried": Killing.buried,
                    "statuses": sorted({status for status, _ in told.finished.values()}),
                    "addresses": sorted(addresses),
                }
            )
        )  # fmt: skip
    finally:
        ray.shutdown()
        session = cluster.head_node.get_session_dir_path() if cluster.head_node else None
        cluster.shutdown()
        if session:
            shutil.rmtree(session, ignore_errors=True)


if __name__ == "__main__":
    main()
