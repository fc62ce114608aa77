"""The simulator against what can be known without it."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from tunefork.plan import makespan
from tunefork.plan.simulate import Overheads, Task, bounds_of, simulate
from tunefork.plan.simulate.simulation import Schedule

NOTHING = Overheads(start=0.0, group=0.0, run=0.0, record=0.0, event=0.0)


def falling(seconds: list[float]) -> list[Task]:
    return [Task(each) for each in sorted(seconds, reverse=True)]


def drawn(seed: int, count: int) -> list[float]:
    draw = random.Random(seed)
    return [draw.uniform(1, 100) for _ in range(count)]


def test_one_device_takes_the_sum() -> None:
    found = simulate(falling([5.0, 3.0, 8.0]), 1, 1, Overheads(start=2.0))
    assert (found.makespan, found.busy, found.starting, found.workers) == (18.0, 16.0, 2.0, 1)
    assert found.utilisation == pytest.approx(16 / 18)
    assert found.device_hours == 18 / 3600


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("devices", [2, 3, 8])
def test_without_overheads_it_is_the_makespan_of_list_scheduling(seed: int, devices: int) -> None:
    seconds = drawn(seed, 40)
    assert simulate(falling(seconds), 1, devices, NOTHING).makespan == pytest.approx(makespan(seconds, devices))


@pytest.mark.parametrize("seed", range(8))
def test_longest_first_is_within_grahams_bound_of_the_best(seed: int) -> None:
    seconds, devices = drawn(seed, 8), 3
    best = min(
        max(sum(each for each, place in zip(seconds, where) if place == device) for device in range(devices))
        for where in itertools.product(range(devices), repeat=len(seconds))
    )
    found = simulate(falling(seconds), 1, devices, NOTHING).makespan
    assert best <= found + 1e-9
    assert found <= best * (4 / 3 - 1 / (3 * devices)) + 1e-9


def test_grahams_worst_case() -> None:
    found = simulate(falling([5, 5, 4, 4, 3, 3, 3]), 1, 3, NOTHING)
    assert found.makespan == 11  # nine would do: 4/3 − 1/9


@pytest.mark.parametrize("seed", range(5))
def test_every_second_of_every_device_is_accounted_for(seed: int) -> None:
    draw = random.Random(seed)
    tasks = [Task(draw.uniform(1, 9), draw.uniform(0, 2), 1, draw.choice([0, 4, 6]), 1.0) for _ in range(60)]
    found = simulate(tasks, 2, 4, Overheads(start=3.0, coming=2))
    assert found.utilisation * found.devices * found.makespan == pytest.approx(found.busy)
    idle_behind = sum(found.makespan - end for end in found.ends)
    before = sum(3.0 * (worker // 2) for worker in range(8))
    assert found.busy + found.starting + found.waiting + idle_behind + before == pytest.approx(8 * found.makespan)
    assert found.driver == pytest.approx(sum(task.driver for task in tasks))


def test_many_devices_are_as_fast_as_the_longest_task_and_never_faster() -> None:
    seconds = drawn(1, 30)
    times = [simulate(falling(seconds), 1, devices, NOTHING).makespan for devices in (1, 2, 4, 8, 16, 32, 64)]
    assert all(more <= fewer + 1e-9 for fewer, more in itertools.pairwise(times))
    assert times[-1] == pytest.approx(max(seconds))


def test_the_driver_serves_one_after_another() -> None:
    tasks = [Task(1.0, driver=1.0) for _ in range(100)]
    alone = simulate(tasks[:1], 1, 1, NOTHING)
    assert 1.1 < alone.makespan < 2, "its records are kept while it trains, the last one behind it"
    found = simulate(tasks, 1, 50, NOTHING)
    assert 100 <= found.makespan < 102
    assert bounds_of(found).reason == "driver"
    assert found.waiting > 50


def test_workers_come_a_few_at_a_time() -> None:
    found = simulate([Task(1000.0)] * 64, 1, 64, Overheads(start=10.0, coming=16))
    assert found.ready == 40.0
    assert found.makespan == pytest.approx(1040.0)
    short = simulate([Task(1.0)] * 64, 1, 64, Overheads(start=10.0, coming=16))
    assert short.makespan == 14.0, "the first sixteen are through with all of it before others are there"
    assert short.workers == 16


def test_frozen_blocks_are_computed_once_for_each_worker_or_for_each_node() -> None:
    tasks = [Task(10.0, depth=6, prefix=4.0)] * 8
    own = simulate(tasks, 1, 4, Overheads(start=0.0, shared_prefix=False))
    assert (own.makespan, own.busy, own.waiting) == (24.0, 96.0, 0.0)
    shared = simulate(tasks, 1, 4, Overheads(start=0.0, shared_prefix=True))
    assert (shared.makespan, shared.busy, shared.waiting) == (24.0, 84.0, 12.0)
    assert simulate(tasks, 2, 2, Overheads(start=0.0, shared_prefix=True)).busy == 88.0


def test_a_deeper_prefix_goes_on_from_a_shallower_one() -> None:
    tasks = [Task(1.0, depth=2, prefix=4.0), Task(1.0, depth=6, prefix=10.0), Task(1.0, depth=2, prefix=4.0)]
    assert simulate(tasks, 1, 1, NOTHING).makespan == 13.0


def test_only_a_whole_prefix_is_gone_on_from() -> None:
    tasks = [Task(1.0, depth=1, prefix=10.0), Task(1.0, depth=2, prefix=20.0)]
    found = simulate(tasks, 1, 2, NOTHING)
    assert (found.makespan, found.busy, bounds_of(found).least) == (21.0, 32.0, 21.0)


@pytest.mark.parametrize("seed", range(20))
def test_no_schedule_is_shorter_than_its_bounds(seed: int) -> None:
    draw = random.Random(seed)
    depths = [draw.choice([0, 1, 2, 3]) for _ in range(6)]
    tasks = [Task(draw.uniform(0, 2), 0.1, 1, depth, depth and draw.uniform(5, 9) * depth) for depth in depths]
    found = simulate(tasks, 1, draw.choice([1, 2, 4]), Overheads(start=3.0, coming=1))
    assert bounds_of(found).least <= found.makespan + 1e-9


def test_the_same_tasks_give_the_same_numbers_in_seconds_for_a_hundred_thousand() -> None:
    draw = random.Random(0)
    tasks = [Task(draw.uniform(10, 20), 0.001) for _ in range(100_000)]
    began = time.perf_counter()
    found = simulate(tasks, 32, 8, Overheads())
    assert time.perf_counter() - began < 8
    assert found == simulate(tasks, 32, 8, Overheads())
    assert found.makespan == pytest.approx(found.busy / 256, rel=0.02)


def test_nothing_takes_no_time() -> None:
    found = simulate([], 1, 4, Overheads())
    assert (found.makespan, found.utilisation, found.workers) == (0.0, 0.0, 0)


def of(makespan: float, **more: float) -> Schedule:
    plain = {
        "devices": 8, "busy": 0.0, "starting": 64.0, "waiting": 0.0, "driver": 1.0, "longest": 5.0, "ready": 8.0,
        "tasks": 100, "runs": 100, "ends": (makespan,) * 8,
    }  # fmt: skip
    return Schedule(makespan=makespan, **{**plain, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (of(100.0, busy=720.0), "work"),
        (of(100.0, busy=400.0, longest=90.0), "longest"),
        (of(100.0, busy=720.0, driver=95.0), "driver"),
        (of(10.0, busy=8.0, longest=1.0), "starts"),
        (of(100.0, busy=400.0, longest=40.0), "tail"),
        (of(100.0, busy=300.0, longest=90.0, tasks=3), "few"),
    ],
)
def test_what_bounds_a_schedule(schedule: Schedule, reason: str) -> None:
    assert bounds_of(schedule).reason == reason
