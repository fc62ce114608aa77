"""A short study trained by one and by two workers on this machine, and what was predicted for each.

With one thread, a worker's CPU seconds are what it would take on a machine that has nothing else to do; the clock on
the wall also counts what others do. So costs are timed and compared in CPU seconds. The schedule is compared on the
wall: it is played through once more with what each group really took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psutil

from tunefork import Full, Head, LoRA, Study, load_data
from tunefork.engine import compute_threads, timing
from tunefork.plan import Plan
from tunefork.plan.simulate import Costs, Overheads, Schedule, Task, costs_of, simulate
from tunefork.plan.simulate.tasks import tasks_of
from tunefork.runner import Places

MESSAGES = Path(__file__).parents[2] / "src/tunefork/demo/messages.csv"


@dataclass
class Clock:
    """A watcher that notes when groups begin and end."""

    begun: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    """CPU seconds of this process and its workers."""
    plan: Plan | None = None
    groups: dict[int, list[float]] = field(default_factory=dict)
    """Seconds behind the beginning when each group began, and when the last of its runs ended."""

    def begin(self, plan: Plan, done: Set[str]) -> None:
        self.begun, self.plan, self._cpu = time.perf_counter(), plan, time.process_time()

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        self.groups[group] = [self._now(), 0.0]

    def tell(self, group: int, text: str) -> None: ...

    def step(self, group: int, step: int, loss: float | None) -> None: ...

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        assert status == "done", reason
        self.groups[group][1] = self._now()
        workers = sum(sum(each.cpu_times()[:2]) for each in psutil.Process().children())  # they are still there
        self.cpu = workers + time.process_time() - self._cpu

    def end(self) -> None:
        self.ended = max(ended for _, ended in self.groups.values())

    def _now(self) -> float:
        return time.perf_counter() - self.begun


def study(steps: int) -> Study:
    """Full fine-tuning, adapters and heads of MiniLM on the demo's messages."""
    compare = [
        Full(learning_rate=3e-4),
        LoRA(rank=[2, 8], targets="query+value", learning_rate=[1e-3, 4e-3]),
        Head(learning_rate=[0.03, 0.1]),
    ]
    data = load_data(MESSAGES, text="message", label="intent", id="id", max_length=64)
    return Study("builtin:minilm", data, compare, seeds=2, training={"steps": steps}, name="scale")


def train(made: Study, workers: int) -> Clock:
    """Train all of it, with one thread for each worker."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, compute_threads(1):
        made.run(Path(folder) / "out", progress=clock, workers=workers)
    return clock


def measured(made: Study, workers: int) -> tuple[Plan, Costs]:
    """The plan for so many workers, and what was timed for it, in CPU seconds."""
    clock: Any = SimpleNamespace(perf_counter=time.process_time)
    with compute_threads(1), mock.patch.object(timing, "time", clock):
        plan = made.plan(places=Places(workers, 1))
    costs = costs_of(plan, "cpu")
    assert costs is not None
    return plan, costs


def predicted(plan: Plan, costs: Costs, workers: int, overheads: Overheads) -> Schedule:
    """The schedule on paper."""
    there = costs.beside_others(overheads.kept) if workers > 1 else costs
    started = overheads if workers > 1 else replace(overheads, start=0.0)
    return simulate(tasks_of(plan, there, overheads), 1, workers, started)


def played_again(clock: Clock, plan: Plan, workers: int) -> float:
    """The schedule on paper with what each group really took, and the workers their start."""
    bare = Overheads(start=sum(sorted(began for began, _ in clock.groups.values())[:workers]) / workers)
    took = [clock.groups[number][1] - clock.groups[number][0] for number, _ in plan.schedule()]
    return simulate(
        [Task(each) for each in took], 1, workers, bare if workers > 1 else replace(bare, start=0.0)
    ).makespan


def parts(clock: Clock, plan: Plan, costs: Costs) -> list[dict[str, Any]]:
    """What each group took, and what its steps and evaluations were to take."""
    bare = Overheads(start=0.0, group=0.0, run=0.0, record=0.0, event=0.0)
    tasks = dict(zip([number for number, _ in plan.schedule()], tasks_of(plan, costs, bare)))
    return [
        {"runs": tasks[number].runs, "computing": tasks[number].seconds + tasks[number].prefix, "took": ended - began}
        for number, (began, ended) in sorted(clock.groups.items())
    ]


def starting() -> float:
    """CPU seconds until a worker has imported what it needs."""
    before = os.times()
    subprocess.run([sys.executable, "-c", "import tunefork.runner.worker, transformers, peft"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
