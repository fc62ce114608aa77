"""Start a server and say where it is."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType
from typing import Any

from tunefork.errors import ConfigError, MissingExtraError, StoreError


def check_installed(purpose: str) -> None:
    """Look for the packages of a server; nothing is imported.

    Raises:
        MissingExtraError: naming the package and the pip command.
    """
    for package, module in (("fastapi", "fastapi"), ("uvicorn", "uvicorn"), ("prometheus-client", "prometheus_client")):
        if find_spec(module) is None:
            raise MissingExtraError(purpose, package=package, extra="serve")


def run_app(
    app: Any, host: str, port: int, ready: Callable[[str], None], ending: Callable[[], None] = lambda: None
) -> None:
    """Serve an application until somebody ends it, by ^C or SIGTERM.

    Args:
        app: an ASGI application.
        host: name or address.
        port: 0 takes any that is free.
        ready: told the address once connections are taken.
        ending: told once somebody ends it; streams that last for ever then have to.

    Raises:
        StoreError: the port is taken.
        ConfigError: the machine has no such address.
    """
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending()
            super().handle_exit(sig, frame)

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
        Server(config).run(sockets=[listening])


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
