from __future__ import annotations

from tests.runner.contract import RunnerContract
from tunefork.runner import LocalRunner, Runner


class TestLocalRunner(RunnerContract):
    def make_runner(self) -> Runner:
        return LocalRunner()
