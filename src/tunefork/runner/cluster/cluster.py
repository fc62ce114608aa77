"""A Ray cluster: connected to, or started on this machine; and what there is room for."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tunefork.errors import ConfigError, MissingExtraError, RunnerError
from tunefork.runner.protocol import Places

PASSED_ON = (
    "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip
"""Of the environment: switches that decide what workers may do, and how they round. Nothing that is secret."""
PATIENCE = 10.0
"""Seconds for an answer at the address."""
USAGE = "RAY_USAGE_STATS_ENABLED"


class Cluster:
    """A connection to a Ray cluster; a context that ends it, and ends the cluster where it was started here.

    Where this process is connected already, that connection is used and stays.

    Args:
        address: of a cluster, ``HOST:PORT`` or ``auto``; that in the variable RAY_ADDRESS unless given, and where there
            is none either, a cluster of this machine alone is started.
        cores: of the cluster that is started; all of this machine unless given.
        memory: bytes of its object store; Ray's choice unless given.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: the address is that of a client.
        RunnerError: nothing answers at the address.
    """

    def __init__(self, address: str | None = None, cores: int | None = None, memory: int | None = None) -> None:
        self.ray = _installed()
        self._started = not self.ray.is_initialized()
        address = address or os.environ.get("RAY_ADDRESS")
        self.local = self._started and address is None
        """Whether it is of this machine alone, and goes with this process."""
        if not self._started:
            return
        if address is not None and "://" in address:
            raise ConfigError(
                "The runner has to be a part of the cluster, not a client of it",
                where="--address", found=address,
                fix="Start it on a machine of the cluster with --address auto, or with `ray job submit`.",
            )  # fmt: skip
        size: dict[str, Any] = {"address": address or "local"}
        if address is None:
            size |= {"num_cpus": cores, "object_store_memory": memory}
        try:
            _knock(address)
            with _quiet_environment(), _own_signals():
                self.ray.init(**size, include_dashboard=False, log_to_driver=False, configure_logging=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise RunnerError(
                "The Ray cluster cannot be reached" if address else "A Ray cluster cannot be started here",
                where=f"--address {address}" if address else "", found=str(error).splitlines()[0],
                fix="Look whether it runs (`ray status`), and whether its version of Ray is the one here.",
            ) from error  # fmt: skip

    def close(self) -> None:
        """End what was begun here."""
        if self._started and self.ray.is_initialized():
            with _own_signals():
                self.ray.shutdown()
        self._started = False

    def places(self, threads: int, gpus: float) -> Places:
        """How many groups have room on the machines that are there now; at least one, since machines may come.

        Args:
            threads: of each group.
            gpus: of each group, also a part of one; 0 where it needs none.
        """
        found = 0
        for node in self.ray.nodes():
            if node["Alive"]:
                there: Mapping[str, float] = node["Resources"]
                cores = there.get("CPU", 0.0) // threads
                found += int(min(cores, there.get("GPU", 0.0) / gpus + 1e-9) if gpus else cores)
        return Places(max(1, found), threads)

    def has_gpus(self) -> bool:
        """Whether there is a GPU on one of the machines."""
        return bool(self.ray.cluster_resources().get("GPU"))


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker, beside its machine's own."""
    found = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**found, "OMP_NUM_THREADS": str(max(1, threads))}


def _installed() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtraError("The runner ray", package="ray", extra="ray") from None
    return ray


def _knock(address: str | None) -> None:
    """Look whether somebody listens at ``HOST:PORT``: Ray itself tries for minutes.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = (address or "").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()


@contextmanager
def _quiet_environment() -> Iterator[None]:
    """No usage statistics, unless somebody wants them."""
    if USAGE in os.environ:
        yield
        return
    os.environ[USAGE] = "0"
    try:
        yield
    finally:
        del os.environ[USAGE]


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; a study that is asked to stop wants to keep where it is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
