"""Whether the hub can be reached. Where it cannot, what is in the cache is used at once.

huggingface_hub asks five times for each file, for half a minute, before it looks into its cache.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

PATIENCE = 3.0
"""Seconds for an answer."""
BELIEVED = 60.0
"""Seconds for which an answer, or none, is believed."""

_found: dict[str, tuple[float, bool]] = {}


def reachable(address: str) -> bool:
    """Whether somebody listens at an address; taken for granted where there is a proxy between.

    >>> reachable("http://127.0.0.1:9")
    False
    """
    parts = urlsplit(address)
    if getproxies().get(parts.scheme) or parts.hostname is None:
        return True
    when, found = _found.get(address, (-BELIEVED, False))
    if time.monotonic() - when > BELIEVED:
        found = _knock(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
        _found[address] = time.monotonic(), found
    return found


@contextmanager
def hub_if_reachable() -> Iterator[None]:
    """Within it, huggingface_hub and datasets look into their caches only, where the hub cannot be reached."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or reachable(constants.ENDPOINT):
        yield
        return
    places: list[Any] = [constants, *([sys.modules["datasets.config"]] if "datasets.config" in sys.modules else [])]
    before = [place.HF_HUB_OFFLINE for place in places]
    for place in places:
        place.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for place, was in zip(places, before):
            place.HF_HUB_OFFLINE = was


def _knock(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError:
        return False
    return True
