"""What somebody outside of the process that trains wants of a study."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StopWish:
    """Somebody wants a run, or the whole study, to stop."""

    run: str
    """Its id; empty where it is the whole study."""
    asked: float
    """When, in seconds since the epoch (``time.time``)."""
