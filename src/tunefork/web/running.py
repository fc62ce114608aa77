"""Start a server and say where it is."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tunefork.errors import ConfigError, StoreError


def run_app(app: Any, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve an application until somebody ends it.

    Args:
        app: an ASGI application.
        host: name or address.
        port: 0 takes any that is free.
        ready: told the address once connections are taken.

    Raises:
        StoreError: the port is taken.
        ConfigError: the machine has no such address.
    """
    import uvicorn

    listening = _listen(host, port)
    name = f"[{host}]" if ":" in host else host
    ready(f"http://{name}:{listening.getsockname()[1]}")
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
    with listening, _signals_end_it():
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """The server ends by itself on either signal, and then raises it again: that is how it is meant to end."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that is taken before anything else happens, so that whoever is told the address reaches it."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigError("There is no such host", where=f"--host {host}", found=str(error)) from error
    found = socket.socket(family, kind, proto)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        found.listen(2048)
    except OSError as error:
        found.close()
        raise StoreError(
            "The server cannot listen there",
            where=f"--host {host} --port {port}",
            found=error.strerror or str(error),
            fix="Take another --port; 0 takes any that is free.",
        ) from error
    return found
