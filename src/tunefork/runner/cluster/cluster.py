"""A Ray cluster: connected to, or started on this machine; and what there is room for."""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from tunefork.errors import ConfigError, MissingExtraError, RunnerError
from tunefork.runner.cluster.sessions import Session
from tunefork.runner.protocol import Places
from tunefork.store.machine import sweep

PASSED_ON = (
    "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip
"""Of the environment: switches that decide what workers may do, and how they round. Nothing that is secret."""
PATIENCE = 10.0
"""Seconds for an answer at the address."""
GREETING = 20.0
"""Seconds in which Ray's own server has to answer there."""
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
        address = address or os.environ.get("RAY_ADDRESS") or None
        address = None if address == "local" else address
        self.local = self._started and address is None
        """Whether it is of this machine alone, and goes with this process."""
        self._session: Session | None = None
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
            _knock(self.ray, address)
            with _quiet_environment(), _own_signals(), _loopback() if address is None else nullcontext():
                found = self.ray.init(**size, include_dashboard=False, log_to_driver=False, configure_logging=False)
        except (OSError, ValueError, RuntimeError, self.ray.exceptions.RayError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise RunnerError(
                "The Ray cluster cannot be reached" if address else "A Ray cluster cannot be started here",
                where=f"--address {address}" if address else "", found=lines[0].rstrip(". "),
                fix="Look whether it runs (`ray status`), and whether its version of Ray is the one here.",
            ) from error  # fmt: skip
        if address is None:
            self._session = Session(Path(found.address_info["session_dir"]))

    def close(self) -> None:
        """End what was begun here."""
        if self._started and self.ray.is_initialized():
            with _own_signals():
                self.ray.shutdown()
        self._started = False
        if self._session is not None:
            self._session.end()
            self._session = None
            # its workers were killed, and had no time to clear up; where the place is somebody else's they had none,
            # and the study has ended well
            with suppress(OSError):
                sweep()

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
                found += int(min(cores, _shares(there.get("GPU", 0.0), gpus)) if gpus else cores)
        return Places(max(1, found), threads)

    def fits(self, threads: int, gpus: float) -> bool:
        """Whether there is a machine now that has room for a worker while nobody else is there."""
        machines = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        return any(there.get("CPU", 0.0) >= threads and there.get("GPU", 0.0) >= gpus for there in machines)

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


def _knock(ray: Any, address: str | None) -> None:
    """Look whether a Ray cluster answers at ``HOST:PORT``: Ray itself tries for minutes.

    Raises:
        OSError: none does.
        Exception: what Ray makes of who is there.
    """
    host, colon, port = (address or "").rpartition(":")
    if not (colon and port.isdigit()):
        return
    socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    answers: queue.Queue[Exception | None] = queue.Queue()

    def greet() -> None:
        try:
            ray._raylet.GcsClient(address=address)
            answers.put(None)
        except Exception as error:
            answers.put(error)

    threading.Thread(target=greet, name="greeting", daemon=True).start()
    try:
        error = answers.get(timeout=GREETING)
    except queue.Empty:
        raise TimeoutError(
            f"somebody listens there, but no Ray cluster has answered for {GREETING:g} seconds"
        ) from None
    if error is not None:
        raise error


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


def _shares(there: float, each: float) -> int:
    """How many workers the GPUs of a machine are enough for; a part of one has to lie on one.

    >>> _shares(4, 0.6), _shares(4, 0.5), _shares(4, 2)
    (4, 8, 2)
    """
    return int(there + 1e-9) * int(1 / each + 1e-9) if each < 1 else int(there / each + 1e-9)


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
            if handler is not None:  # one that Python did not install can be neither seen nor put back
                signal.signal(number, handler)


@contextmanager
def _loopback() -> Iterator[None]:
    """A cluster of this machine alone listens to nobody else; Ray does so by itself on Windows and macOS only."""
    from ray._private import ray_constants

    name = "ENABLE_RAY_CLUSTER"
    before = getattr(ray_constants, name, None)
    setattr(ray_constants, name, False)
    try:
        yield
    finally:
        setattr(ray_constants, name, before)
