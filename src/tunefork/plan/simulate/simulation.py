"""A study's schedule, played through: workers that start, take the longest task that waits, and tell the driver.

A discrete event simulation of what the runners do. Workers are hired while tasks wait, so many at a time; each takes
the first task that waits as soon as it is free. The driver serves what they record one after another, in the order in
which it comes. A worker computes on meanwhile, and is free when the last record of its task is served. The same tasks
give the same numbers.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tunefork.plan.simulate.overheads import Overheads
from tunefork.plan.simulate.tasks import Task

PARTS = 8
"""In so many portions a task's records come to the driver."""


@dataclass(frozen=True)
class Schedule:
    """What a simulation found. Sums are over the devices that were used, in seconds."""

    devices: int
    """Of the cluster; there are never more workers than tasks."""
    makespan: float
    """From the first hire until the last task's end."""
    busy: float
    """Training, evaluating, saving."""
    starting: float
    waiting: float
    """For the driver."""
    driver: float
    """What the driver did, of all."""
    longest: float
    """The longest task, with its frozen prefix."""
    ready: float
    """When the last worker that found something to do was ready."""
    tasks: int
    runs: int
    ends: tuple[float, ...]
    """When each worker had ended its last task."""

    @property
    def workers(self) -> int:
        """Devices that had something to do."""
        return len(self.ends)

    @property
    def utilisation(self) -> float:
        """The share (0 to 1) of all devices' time in which they trained."""
        return self.busy / (self.devices * self.makespan) if self.makespan else 0.0

    @property
    def device_hours(self) -> float:
        """Of the whole cluster, busy or not."""
        return self.devices * self.makespan / 3600


def simulate(tasks: Sequence[Task], nodes: int, each: int, overheads: Overheads) -> Schedule:
    """Play a schedule through.

    Args:
        tasks: in the order in which they are given out.
        nodes: machines of the cluster.
        each: devices of a machine.
        overheads: what it costs beside training.

    >>> three = [Task(3.0), Task(2.0), Task(2.0)]
    >>> simulate(three, 1, 2, Overheads(start=1.0)).makespan
    5.0
    """
    return _Simulation(tasks, nodes * each, each, overheads).run()


class _Simulation:
    def __init__(self, tasks: Sequence[Task], devices: int, each: int, overheads: Overheads) -> None:
        self._tasks, self._devices, self._overheads = tasks, devices, overheads
        self._places = [
            worker // each if overheads.shared_prefix else worker for worker in range(min(devices, len(tasks)))
        ]
        self._frozen: dict[tuple[int, int], float] = {}
        """When what so many frozen blocks give is there, by place and depth."""
        self._deepest: dict[int, dict[int, float]] = {}
        """Seconds from the bottom up that were spent on it, by place and depth."""
        self._busy = self._waiting = self._driver = self._free = self._longest = 0.0

    def run(self) -> Schedule:
        """From the first hire to the last end."""
        coming = max(1, self._overheads.coming)
        starts = [self._overheads.start * (1 + worker // coming) for worker in range(len(self._places))]
        # when, who, how many portions of its task are done, seconds between them, driver's seconds of each
        events = [(ready, worker, PARTS, 0.0, 0.0) for worker, ready in enumerate(starts)]
        ends: dict[int, float] = {}
        heapq.heapify(events)
        following = 0
        while events:
            now, worker, done, between, portion = heapq.heappop(events)
            if done < PARTS:
                self._free = max(self._free, now) + portion
                self._driver += portion
                if done + 1 < PARTS:
                    heapq.heappush(events, (now + between, worker, done + 1, between, portion))
                    continue
                ends[worker] = max(now, self._free)
                self._waiting += ends[worker] - now
                heapq.heappush(events, (ends[worker], worker, PARTS, 0.0, 0.0))
            elif following < len(self._tasks):
                task = self._tasks[following]
                following += 1
                begun = now + self._prefix(self._places[worker], task, now)
                self._busy += task.seconds
                between = task.seconds / PARTS
                heapq.heappush(events, (begun + between, worker, 0, between, task.driver / PARTS))
        return Schedule(
            self._devices, max(ends.values(), default=0.0), self._busy, self._overheads.start * len(ends),
            self._waiting, self._driver, self._longest,
            max((starts[worker] for worker in ends), default=0.0), len(self._tasks),
            sum(task.runs for task in self._tasks), tuple(ends.values()),
        )  # fmt: skip

    def _prefix(self, place: int, task: Task, now: float) -> float:
        """Seconds until the frozen blocks' output is there: computed now, or awaited where another is at it."""
        known = self._deepest.setdefault(place, {})
        if not task.prefix:
            self._longest = max(self._longest, task.seconds)
            return 0.0
        there = self._frozen.get((place, task.depth))
        if there is not None:
            self._waiting += max(0.0, there - now)
            self._longest = max(self._longest, task.seconds + known[task.depth])
            return max(0.0, there - now)
        # it goes on from what a shallower prefix has left, where that is whole
        left = [each for depth, each in known.items() if depth < task.depth and self._frozen[place, depth] <= now]
        before = max(left, default=0.0)
        seconds = max(0.0, task.prefix - before)
        self._frozen[place, task.depth] = now + seconds
        known[task.depth] = before + seconds
        self._longest = max(self._longest, task.seconds + before + seconds)
        self._busy += seconds
        return seconds
