"""The guard before an application: everything that can be refused before anybody looks at the request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tunefork.web.access import COOKIE, Access
from tunefork.web.errors import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-resource-policy": b"same-origin",
}
"""Headers of every answer."""


@dataclass(frozen=True)
class Limits:
    """How much a server takes."""

    body: int = 8 * 2**20
    """Bytes of one request."""
    requests: int = 1024
    """Under way at once."""
    patience: float = 30.0
    """Seconds until a body has to be there."""


class Guard:
    """Stands before an ASGI application.

    Args:
        app: the application.
        access: who may ask.
        limits: how much at once.
        open_paths: paths that need no token.
        headers: of every answer that has none of that name, in lower case, beside ``SAFE``.
    """

    def __init__(
        self,
        app: App,
        access: Access,
        limits: Limits = Limits(),
        open_paths: Collection[str] = ("/healthz",),
        headers: Mapping[bytes, bytes] = MappingProxyType({}),
    ) -> None:
        self._headers = {**SAFE, **headers}
        self._app, self._access, self._limits, self._open = app, access, limits, frozenset(open_paths)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no web sockets here
            return
        headers = {name.lower(): value for name, value in reversed(scope["headers"])}
        reply = _safely(send, self._headers)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _say(reply, *refusal)
            return
        if self._arrives(scope):
            await _enter(reply, scope, self._access.token)
            return
        if self._under_way >= self._limits.requests:
            await _say(
                reply,
                429,
                problem("The server is busy", found=f"{self._under_way} requests under way", fix="Try again soon."),
            )
            return
        self._under_way += 1
        try:
            body = await self._body(headers, receive)
            if isinstance(body, tuple):
                await _say(reply, *body)
            else:
                await self._app(scope, _replayed(body, receive), reply)
        finally:
            self._under_way -= 1

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, dict[str, Any]] | None:
        host, origin = (headers.get(name, b"").decode("latin-1") for name in (b"host", b"origin"))
        if not self._access.called(host):
            return 403, problem(
                "The server is not called that",
                where="Host",
                found=host[:200] or "nothing",
                fix="Use its address, or start it with --allow-host and this name.",
            )
        if origin and not self._access.same(origin, host):
            return 403, problem(
                "A page of another server asks", where="Origin", found=origin[:200], fix="Ask from its own page."
            )
        if scope["path"] in self._open or any(map(self._access.knows, _offered(scope, headers))):
            return None
        return 401, problem(
            "The server wants its token", where="Authorization", fix="Send the header 'Authorization: Bearer TOKEN'."
        )

    def _arrives(self, scope: Scope) -> bool:
        """Whether a browser came with the token in its address: it gets a cookie and a clean address."""
        token = _query(scope).get("token")
        return bool(self._access.token) and token is not None and self._access.knows(token)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | tuple[int, dict[str, Any]]:
        most = self._limits.body
        large = 413, problem("The request is too large", where="body", fix=f"Send at most {most:,} bytes.")
        said = headers.get(b"content-length", b"0")
        if said.isdigit() and int(said) > most:
            return large
        parts = bytearray()
        try:
            async with asyncio.timeout(self._limits.patience):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return 400, problem("The request broke off", where="body")
                    parts += message.get("body", b"")
                    if len(parts) > most:
                        return large
                    if not message.get("more_body"):
                        return bytes(parts)
        except TimeoutError:
            return 408, problem("The request did not arrive", where="body", fix="Send it faster.")


def _offered(scope: Scope, headers: dict[bytes, bytes]) -> list[str]:
    """The tokens that a request brings along: in a header, a cookie, the address of a page."""
    kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    found = [token.strip() if kind.lower() == "bearer" else "", _query(scope).get("token", "")]
    jar: SimpleCookie = SimpleCookie()
    with suppress(CookieError):  # such a cookie is none
        jar.load(headers.get(b"cookie", b"").decode("latin-1"))
    return [*found, *(morsel.value for name, morsel in jar.items() if name == COOKIE)]


def _query(scope: Scope) -> dict[str, str]:
    """What a page was asked for with; what is sent is never in the address."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"))) if scope["method"] == "GET" else {}


async def _enter(send: Send, scope: Scope, token: str) -> None:
    rest = [(name, value) for name, value in _query(scope).items() if name != "token"]
    path = "/" + scope["path"].lstrip("/\\")  # two slashes would begin the name of another server
    there = (path + (f"?{urlencode(rest)}" if rest else "")).encode("ascii", "ignore")
    cookie = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/".encode("latin-1")
    headers = [(b"location", there), (b"set-cookie", cookie), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 429:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, and then whatever comes."""
    given = False

    async def next_message() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _safely(send: Send, headers: Mapping[bytes, bytes]) -> Send:
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            own = [(name, value) for name, value in headers.items() if name not in there]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return with_headers
