"""What reaches a group from outside while it trains: the clock, signals, what other processes want.

Of several processes that train it together the first one looks, and tells the others.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunefork.engine.parallel import Devices
from tunefork.engine.stopping import Undisturbed, Wishes, wanted


@dataclass(frozen=True)
class Word:
    """What was found behind a step."""

    over: bool
    """The time is up."""
    asked: int | None
    """The signal in whose place the study is asked to stop."""


class Outside:
    """Looks, behind every step.

    Args:
        runs: the ids of the group's runs, in its order.
        steps: of the whole training.
        deadline: when the time is up, in seconds since the epoch (``time.time``).
        wishes: what others want.
        devices: the processes that have to agree.
    """

    def __init__(
        self, runs: Sequence[str], steps: int, deadline: float | None, wishes: Wishes | None, devices: Devices
    ) -> None:
        self._runs, self._steps, self._deadline = tuple(runs), steps, deadline
        self._wishes, self._devices = wishes or Undisturbed(), devices
        self.unread = frozenset[str]()
        """Runs of which nobody wants to know any more."""

    def look(self, step: int, until: int, seconds: Mapping[str, float]) -> Word:
        """Look behind a step.

        Args:
            step: counted from 1.
            until: behind which training ends here; it is not asked for more.
            seconds: that each run has taken that trains.
        """
        over, asked = False, None
        if self._devices.rank == 0:
            over = self._deadline is not None and time.time() >= self._deadline and step < self._steps
            if step < self._steps:
                self.unread = self._wishes.unread(step, self._steps, {} if over else seconds)
            if step < until:
                asked = wanted() or self._wishes.stop()
        if self._devices.size > 1:
            own = self.unread if self._devices.rank == 0 else frozenset()
            unread = [float(run in own) for run in self._runs]
            first, second, *flags = self._devices.meet([float(over), float(asked or 0), *unread])
            over, asked = bool(first), int(second) or None
            self.unread = frozenset(run for run, flag in zip(self._runs, flags) if flag)
        return Word(over, asked)
