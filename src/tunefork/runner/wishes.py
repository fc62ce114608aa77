"""What other processes want of the runs that train here: it stands in the store, and is looked for once a second."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from tunefork.errors import StoppedError
from tunefork.runner.protocol import Watcher
from tunefork.store import Store

LOOK = 1.0
"""Seconds between two looks, at least: they must cost nothing beside steps."""


class StoreWishes:
    """The engine's ``Wishes`` for one order.

    A run that is to stop is recorded as ``stopped`` at once, so that it stays so whatever happens next. Where it shares
    a pass it trains on with its neighbours, which would round in another way without it; nothing more is kept of it.

    Args:
        store: where wishes are, and where ends are recorded.
        watcher: is told of them.
        group: the order's number.
        kept: runs that are done and train again only because a group of others would round in another way.
    """

    def __init__(self, store: Store, watcher: Watcher, group: int, kept: frozenset[str] = frozenset()) -> None:
        self._store, self._watcher, self._group = store, watcher, group
        self._unread = kept
        self._runs, self._study = frozenset[str](), False
        self._looked = -LOOK

    @property
    def ended(self) -> frozenset[str]:
        """Runs of which nothing more is recorded: those that are done, and those that were stopped."""
        return self._unread

    def begin(self, runs: Collection[str]) -> frozenset[str]:
        """Look before a pass begins; gives those of its runs that are not to be trained at all.

        Raises:
            StoppedError: the study is to stop.
        """
        self._look(anew=True)
        if self._study:
            raise StoppedError(signal.SIGTERM)
        for run in runs:
            record = self._store.run(run)
            if record.on_demand:
                self._unread |= {run}
            elif run in self._runs and record.status not in ("running", "paused", "done"):
                self._stop(run, "before its first step", 0, 0.0)
        return frozenset(run for run in runs if self._store.run(run).never_trained)

    def stop(self) -> int | None:
        """SIGTERM where the study is to stop."""
        self._look()
        return signal.SIGTERM if self._study else None

    def unread(self, step: int, steps: int, seconds: Mapping[str, float]) -> frozenset[str]:
        """The runs that have ended, with those whose end somebody asked for since."""
        self._look()
        for run in self._runs.intersection(seconds) - self._unread:
            self._stop(run, f"at step {step:,} of {steps:,}", step, seconds[run])
        return self._unread

    def _look(self, anew: bool = False) -> None:
        if not anew and time.monotonic() - self._looked < LOOK:
            return
        self._looked, before = time.monotonic(), self._study
        wishes = {wish.run for wish in self._store.wishes()}
        self._runs, self._study = frozenset(wishes - {""}), "" in wishes
        if self._study and not before:
            self._watcher.tell(self._group, "the study is to stop, on demand: stopping behind this step")

    def _stop(self, run: str, when: str, step: int, seconds: float) -> None:
        self._unread |= {run}
        record = replace(
            self._store.run(run), status="stopped", on_demand=True, reason=f"Stopped on demand {when}.",
            steps=step, seconds=seconds, seconds_alone=seconds,
        )  # fmt: skip
        self._store.put_run(record)
        self._watcher.tell(self._group, f"{record.name}, seed {record.seed} was stopped on demand {when}")
