"""Workers that sleep for as long as their group would train: a pool's schedule without the noise of computing.

As a program (``python sleeping.py``) it is such a worker: it speaks to the pool as ``tunefork.runner.worker`` does, and
imports nothing of tunefork, so that it starts at once.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS, DONE, START = "SLEEPING_SECONDS", "SLEEPING_DONE", "SLEEPING_START"


def sleep_through(seconds: Sequence[float], workers: int, folder: Path, start: float = 0.0) -> float:
    """Give groups that sleep to a real ``Pool``; returns what it took.

    Args:
        seconds: of each group, in the order in which they are given out.
        workers: of the pool.
        folder: of a store, which nobody writes to.
        start: seconds that a worker sleeps before it takes its first group.
    """
    from tunefork.runner import Silence
    from tunefork.runner.group import Order
    from tunefork.runner.messages import Event
    from tunefork.runner.pool import Pool
    from tunefork.store import SqliteStore

    done = base64.b64encode(pickle.dumps(Event("done"))).decode()
    environment = {SECONDS: json.dumps(list(seconds)), DONE: done, START: f"{start}"}
    store: Any = SqliteStore(folder)
    job: Any = None
    orders = [Order(number, (), "fp32") for number in range(len(seconds))]
    with _asleep(environment), Pool(workers, 1, job, store, Silence()) as pool:
        began = time.perf_counter()
        pool.execute(orders)
        took = time.perf_counter() - began
        died = dict(pool._deaths)
    store.close()
    if died:
        raise RuntimeError(f"sleeping workers died: {died}")
    return took


@contextmanager
def _asleep(environment: dict[str, str]) -> Iterator[None]:
    """Whoever starts a worker starts one of these."""
    real: Any = subprocess.Popen

    def popen(_: Sequence[str], *, env: dict[str, str], **more: Any) -> Any:
        return real([sys.executable, "-S", "-E", __file__], env={**env, **environment}, **more)

    subprocess.Popen = popen  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        subprocess.Popen = real  # type: ignore[misc]


class _Anything:
    """Stands for whatever the pool sends; all that counts of an order is its number."""

    def __init__(self, *_: Any) -> None:
        self.number = 0


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _Anything if module.startswith("tunefork") else super().find_class(module, name)


def main() -> None:
    """Sleep until the input ends."""
    seconds, done = json.loads(os.environ[SECONDS]), base64.b64decode(os.environ[DONE])
    words = sys.stdin.buffer
    _Reader(words).load()  # the setup
    time.sleep(float(os.environ[START]))
    while True:
        try:
            order = _Reader(words).load()
        except EOFError:
            return
        time.sleep(seconds[order.number])
        sys.stdout.buffer.write(done)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
