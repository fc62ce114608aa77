"""``--cluster 2x8xH200``: nodes with devices, on which a study is scheduled on paper."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tunefork.errors import ConfigError, did_you_mean
from tunefork.plan.simulate.devices import HERE, KNOWN, Device, is_named

MOST = 100_000
"""Devices of a cluster."""
_WRITTEN = re.compile(r"(?:(?P<nodes>\d+)x)?(?:(?P<each>\d+)x)(?P<name>[A-Za-z][\w-]*)(?:@(?P<speed>\d+(?:\.\d+)?))?")
_FIX = "Write --cluster 8xH200, 2x8xH200 (nodes, devices of each), 4xcpu, or 8xH200@12 (each 12 times as fast as here)."


@dataclass(frozen=True)
class Cluster:
    """Equal nodes of equal devices; each device trains one group at a time."""

    nodes: int
    each: int
    """Devices of a node."""
    device: Device
    speed: float | None = None
    """How many times as fast as this machine somebody says a device is; None where nobody does."""

    @property
    def devices(self) -> int:
        """Groups that train at the same time."""
        return self.nodes * self.each

    @property
    def written(self) -> str:
        """As ``--cluster`` takes it, without a speed."""
        return "x".join([*(str(count) for count in self._counts), self.device.name])

    def __str__(self) -> str:
        return " × ".join([*(str(count) for count in self._counts), self.device.name])

    @property
    def _counts(self) -> tuple[int, ...]:
        if self.device == HERE["here"]:
            return (self.nodes,)
        return (self.nodes, self.each) if self.nodes > 1 else (self.each,)


def parse_cluster(text: str, measured: str = "") -> Cluster:
    """A cluster as people write it. Each ``here`` is a machine of its own.

    Args:
        text: such as ``2x8xH200``.
        measured: a device whose times are at hand, as it calls itself: nothing else has to be known of it.

    >>> parse_cluster("2x8xH200").devices, parse_cluster("4xcpu").device.threads, parse_cluster("8xL4@2.5").speed
    (16, 1, 2.5)

    Raises:
        ConfigError: it cannot be read, has no device, or has one of which nothing is known.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ConfigError("This is no cluster", where="--cluster", found=repr(text), fix=_FIX)
    nodes, each = int(found["nodes"] or 1), int(found["each"])
    speed = float(found["speed"]) if found["speed"] else None
    if not 1 <= nodes * each <= MOST:
        raise ConfigError(
            f"A cluster has 1 to {MOST:,} devices", where="--cluster", found=f"{text}: {nodes * each:,}", fix=_FIX
        )
    if speed == 0:
        raise ConfigError("A device's speed is above 0", where="--cluster", found=repr(text), fix=_FIX)
    device = _device(found["name"], speed, text, measured)
    return Cluster(nodes * each, 1, device, speed) if device == HERE["here"] else Cluster(nodes, each, device, speed)


def _device(name: str, speed: float | None, text: str, measured: str) -> Device:
    known = {**{each.lower(): device for each, device in KNOWN.items()}, **HERE}
    if name.lower() in known:
        return known[name.lower()]
    if speed is not None or is_named(name, measured):  # somebody knows it, if not we
        return Device(name)
    raise ConfigError(
        f"Nothing is known of the device '{name}'", where="--cluster", found=text,
        fix=f"{did_you_mean(name, [*HERE, *KNOWN])} Or say how fast it is against this machine: {text}@12.",
    )  # fmt: skip
