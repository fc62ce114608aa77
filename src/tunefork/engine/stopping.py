"""Being asked to stop: the step that is under way is finished and kept, then the study ends and can be continued.

A signal asks this process (``stopping``); what others ask from outside comes as ``Wishes``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from tunefork.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Wishes(Protocol):
    """What others want of a group that trains. It is asked behind every step, so answers must cost next to nothing."""

    def stop(self) -> int | None:
        """The signal in whose place the study is asked to stop; None while nobody does."""

    def unread(self, step: int, steps: int, seconds: Mapping[str, float]) -> frozenset[str]:
        """The runs of which nobody wants to know any more. They go on only for the sake of their neighbours.

        Args:
            step: behind which it is asked.
            steps: of the whole training.
            seconds: that each run has taken so far, by its id; these are the runs that train.
        """


class Undisturbed:
    """Nobody wants anything."""

    def stop(self) -> int | None:
        """Nobody asks."""
        return None

    def unread(self, step: int, steps: int, seconds: Mapping[str, float]) -> frozenset[str]:
        """None."""
        return frozenset()


class _Wish:
    """Whether somebody asked, and by which signal."""

    number: int | None = None


_wish = _Wish()


def wanted() -> int | None:
    """The signal by which a stop was asked for; None while nobody did."""
    return _wish.number


def ask(number: int | None = signal.SIGTERM) -> None:
    """Ask for a stop, from whatever thread; None takes that back, for a process that goes on with something else."""
    _wish.number = number


@contextmanager
def stopping(announce: str = "") -> Iterator[None]:
    """While it lasts, the first SIGINT or SIGTERM asks for a stop and the second ends the process at once.

    Outside of the main thread, where Python takes no signals, nothing changes.

    Args:
        announce: said on standard error when the first one comes.

    Raises:
        StoppedError: a signal asked and nobody has stopped for it: it came when the last step was done.
    """
    _wish.number = None
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: FrameType | None) -> None:
        if _wish.number is not None:
            os._exit(128 + number)
        _wish.number = number
        if announce:
            print(f"\n{announce}", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, asked) for number in SIGNALS}
    try:
        yield
        if _wish.number is not None:
            raise StoppedError(_wish.number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _wish.number = None


def ignore_signals() -> None:
    """Let signals be: they are for who has started this process, and tells it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
