"""A study's news as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from fastapi.sse import ServerSentEvent

from tunefork.errors import TuneforkError
from tunefork.page.following import Follower, Message
from tunefork.web import problem

LOOK = 1.0
"""Seconds between two looks at the records, at least."""
IDLE = 50
"""A look is followed by so many times the processor time that it took: reading records must not slow training."""
SOON = 0.2
"""Seconds until an ending server ends its streams, at most."""
AGAIN = 2000
"""Milliseconds after which a browser comes back whose stream broke."""


async def news(folder: Path, ended: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
    """``whole`` first, then ``fresh`` whenever something was recorded; ``gone`` where the study can no longer be read.

    Args:
        folder: the study's.
        ended: whether the server is about to end.
    """
    follower = Follower(folder)
    try:
        while not ended():
            found, took = await asyncio.to_thread(_look, follower)
            if found is not None:
                yield ServerSentEvent(event=found[0], data=found[1], retry=AGAIN)
            until = time.monotonic() + max(LOOK, IDLE * took)
            while not ended() and (left := until - time.monotonic()) > 0:
                await asyncio.sleep(min(left, SOON))
    except TuneforkError as error:  # too late for a status: the reader is told, and may come back
        parts = problem(error.what, where=error.where, found=error.found, fix=error.fix)
        yield ServerSentEvent(event="gone", data=parts["error"], retry=AGAIN)
    finally:
        follower.close()


def _look(follower: Follower) -> tuple[tuple[str, Message] | None, float]:
    began = time.thread_time()
    return follower.look(), time.thread_time() - began
