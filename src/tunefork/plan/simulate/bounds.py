"""What a schedule is bounded by, and what more devices would bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tunefork.plan.simulate.simulation import Schedule

GAIN = 1.25
"""Twice as many devices are worth it while they make a study at least so many times as fast."""
CLOSE = 0.8
"""The share of the makespan that something has to account for to be what bounds it."""

WORDS = {
    "work": "the devices are busy nearly all the time: more of them help",
    "longest": "the longest group alone takes nearly as long: more devices do not help",
    "driver": "the driver, which keeps all records, takes nearly as long: more devices do not help",
    "starts": "workers start, a few at a time, for more than half of it",
    "few": "there are fewer groups than devices",
    "tail": "at the end some devices have nothing left to do",
}


@dataclass(frozen=True)
class Bounds:
    """Seconds that a schedule takes at least, each for a reason of its own."""

    work: float
    """All that keeps devices busy, spread evenly over them, behind a start."""
    longest: float
    """The longest group behind a start."""
    driver: float
    """All that the driver has to serve."""
    starts: float
    """Until the last worker is ready."""
    reason: str
    """The key in ``WORDS`` of what the makespan is bounded by."""

    @property
    def least(self) -> float:
        """No order of the same groups on the same devices takes less."""
        return max(self.work, self.longest, self.driver)


def bounds_of(schedule: Schedule) -> Bounds:
    """What bounds a schedule."""
    first = schedule.starting / schedule.workers if schedule.workers else 0.0
    found = {
        "driver": schedule.driver,
        "longest": first + schedule.longest,
        "work": first + schedule.busy / schedule.devices,
        "starts": schedule.ready,
    }
    return Bounds(**found, reason=_reason(schedule, found))


def _reason(schedule: Schedule, found: Mapping[str, float]) -> str:
    """Of several, that which stays when devices are added comes first."""
    near = {name for name, seconds in found.items() if seconds >= CLOSE * schedule.makespan}
    if "driver" in near:
        return "driver"
    if found["starts"] > schedule.makespan / 2:
        return "starts"
    if schedule.tasks < schedule.devices:
        return "few"
    return next((name for name in ("longest", "work") if name in near), "tail")


@dataclass(frozen=True)
class Point:
    """A schedule of the same study on so many devices."""

    devices: int
    makespan: float
    utilisation: float


def curve(devices: int, schedule: Callable[[int], Schedule]) -> tuple[Point, ...]:
    """The study on 1, 2, 4, … devices, up to four times as many as asked for, and on as many.

    Args:
        devices: asked for.
        schedule: of the study on so many devices.
    """
    counts = {devices, 2 * devices, 4 * devices}
    counts |= {2**power for power in range(devices.bit_length())}
    found = []
    for count in sorted(counts):
        one = schedule(count)
        found.append(Point(count, one.makespan, one.utilisation))
    return tuple(found)


def knee(points: Sequence[Point]) -> int:
    """The number of devices from which twice as many are no longer worth it.

    >>> knee([Point(1, 80.0, 1.0), Point(2, 41.0, 1.0), Point(4, 38.0, 0.5)])
    2
    """
    for one in points:
        more = next((each for each in points if each.devices >= 2 * one.devices), None)
        if more is None or one.makespan < GAIN * more.makespan:
            return one.devices
    return points[-1].devices if points else 0
