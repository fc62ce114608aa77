"""One group over several processes: the same contract, and what only several processes can do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.runner.contract import RUNS, Asking, RunnerContract, Told, planned
from tests.runner.test_wishes import same
from tunefork.config import SaveEvery
from tunefork.errors import ConfigError, StoppedError
from tunefork.plan import Plan
from tunefork.runner import DataParallelRunner, Job, LocalRunner, Places, Runner
from tunefork.store import MemoryStore, SqliteStore, Store

DROPOUT = "lora:rank=4,dropout=0.1,learning_rate=1e-2"


@pytest.fixture(scope="module")
def two() -> Iterator[DataParallelRunner]:
    """Two processes, which stay from test to test."""
    with DataParallelRunner(2, threads=1) as runner:
        yield runner
    assert not team(), "nobody is left behind"


def team() -> list[psutil.Process]:
    """The processes, the leader last."""
    return [
        each for each in psutil.Process().children() if "tunefork.runner.parallel.worker" in " ".join(each.cmdline())
    ]


class TestDataParallelRunner(RunnerContract):
    threads = 1

    @pytest.fixture(autouse=True)
    def _in_two(self, two: DataParallelRunner) -> None:
        self.runner = two

    def make_runner(self) -> Runner:
        return self.runner

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder)
