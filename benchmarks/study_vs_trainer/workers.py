"""Every side in a process of its own: the allocator, the heap and the caches of one do not help or hurt another.

Only one side works at a time; the others wait for their next order without spinning. Where tunefork trains several
groups at a time, its side is as many processes, which work together.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from .study import Setting

_side: Any = None


class Worker:
    """One side. ``call`` runs one of its methods over there and waits for the answer."""

    def __init__(self, name: str, setting: Setting, device: str, threads: int = 0) -> None:
        context = multiprocessing.get_context("spawn")
        first = (name, setting, device, threads)
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_start, initargs=first)

    def begin(self, method: str, *arguments: Any) -> Future[Any]:
        """Have a method called."""
        return self._pool.submit(_call, method, arguments)

    def call(self, method: str, *arguments: Any) -> Any:
        """The method's result."""
        return self.begin(method, *arguments).result()

    def peak_mib(self) -> float:
        """The most memory that its process has had so far."""
        return float(self._pool.submit(_peak).result())

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()


class Crew:
    """tunefork's side: as many processes as a plan has workers, all at the same work.

    Args:
        setting: the data, and at least the runs that will be asked for.
        device: where they compute.
        workers: how many processes.
        threads: of each.
    """

    def __init__(self, setting: Setting, device: str, workers: int, threads: int) -> None:
        self._workers = [Worker("c", setting, device, threads) for _ in range(workers)]

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def together(self, method: str, *arguments: Any) -> float:
        """What a method says on average, when all are at it at the same time."""
        return statistics.fmean(
            each.result() for each in [worker.begin(method, *arguments) for worker in self._workers]
        )

    def peak_mib(self) -> float:
        """The most memory that all together have had."""
        return sum(worker.peak_mib() for worker in self._workers)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()


def _start(name: str, setting: Setting, device: str, threads: int) -> None:
    import torch

    global _side
    if threads:
        torch.set_num_threads(threads)
    if name == "c":
        from .ours import Ours

        _side = Ours(setting)
    else:
        _side = setting.script(name, device)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _call(method: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(_side, method)(*arguments)
