"""One thread for what is heavy: models are loaded and asked there one after the other, and packages imported."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tunefork.errors import BusyError

WAITING = 32
"""Tasks that wait at most."""
Result = TypeVar("Result")


class Worker:
    """Does one thing at a time, in the order of asking.

    >>> asyncio.run(Worker().do(lambda: 6 * 7))
    42
    """

    def __init__(self, waiting: int = WAITING) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="page")
        self._waiting, self._most, self._lock = 0, waiting, threading.Lock()

    async def do(self, task: Callable[[], Result]) -> Result:
        """The task's result, or what it raises.

        Raises:
            BusyError: too many tasks wait.
        """
        with self._lock:
            if self._waiting >= self._most:
                raise BusyError(
                    "The page is busy", found=f"{self._waiting} questions are waiting", fix="Try again soon."
                )
            self._waiting += 1
        future = self._thread.submit(self._counted, task)
        return await asyncio.wrap_future(future)

    def _counted(self, task: Callable[[], Result]) -> Result:
        try:
            return task()
        finally:
            with self._lock:
                self._waiting -= 1
