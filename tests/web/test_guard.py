"""Who is let in, and how much of what they send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from tunefork.errors import ConfigError
from tunefork.web import Guard, Limits, access

TOKEN = "correct-horse-battery"


async def echo(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Answer with the length of what came."""
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"SAMEORIGIN")]})
    await send({"type": "http.response.body", "body": str(len(message["body"])).encode()})


def ask(guard: Guard, method: str = "GET", path: str = "/x", **named: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=guard)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await client.request(method, path, **named)

    return asyncio.run(go())


def told(answer: httpx.Response) -> str:
    parts = answer.json()["error"]
    return f"{answer.status_code} {parts['what']} ({parts['where']}). Found: {parts['found']}. {parts['fix']}"


OPEN = Guard(echo, access("127.0.0.1"), Limits(body=100))
LOCKED = Guard(echo, access("0.0.0.0", TOKEN, ["box.example"]), Limits(body=100))


def test_who_is_let_in_is_answered_with_safe_headers() -> None:
    answer = ask(OPEN, "POST", content=b"12345")
    assert (answer.status_code, answer.text) == (200, "5")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers.get_list("x-frame-options") == ["SAMEORIGIN"]  # the application's own word is kept


def test_a_server_has_headers_of_its_own_on_every_answer() -> None:
    guard = Guard(echo, access("127.0.0.1"), headers={b"cache-control": b"no-cache", b"x-frame-options": b"no"})
    for answer in (ask(guard), ask(guard, headers={"host": "evil.example"})):
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert ask(guard).headers.get_list("x-frame-options") == ["SAMEORIGIN"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "box.example", "localhost@evil"])
def test_a_foreign_name_is_refused(host: str) -> None:
    assert told(ask(OPEN, headers={"host": host})) == (
        f"403 The server is not called that (Host). Found: {host or 'nothing'}. "
        "Use its address, or start it with --allow-host and this name."
    )


@pytest.mark.parametrize("host", ["LOCALHOST", "127.0.0.1:8000", "[::1]:8000", "192.168.0.9"])
def test_its_own_names_and_addresses_are_known(host: str) -> None:
    assert ask(OPEN, headers={"host": host}).status_code == 200


def test_an_allowed_name_is_known() -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert ask(LOCKED, headers={**headers, "host": "Box.example"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9000", "file://", "http://["])
def test_a_page_of_another_server_is_refused(origin: str) -> None:
    assert told(ask(OPEN, "POST", headers={"origin": origin})) == (
        f"403 A page of another server asks (Origin). Found: {origin}. Ask from its own page."
    )


def test_its_own_page_may_ask() -> None:
    assert ask(OPEN, "POST", headers={"origin": "http://localhost:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong-horse-battery"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"bearer {TOKEN}"}, 200),
        ({"cookie": f"a=1; tunefork_token={TOKEN}"}, 200),
        ({"cookie": "tunefork_token=old-horse-battery"}, 401),
        ({"cookie": '"=;;'}, 401),
    ],
)
def test_the_token(headers: dict[str, str], status: int) -> None:
    answer = ask(LOCKED, "POST", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert told(answer) == (
            "401 The server wants its token (Authorization). Found: . Send the header 'Authorization: Bearer TOKEN'."
        )
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_browser_leaves_the_token_of_its_address_in_a_cookie() -> None:
    answer = ask(
        LOCKED, path=f"http://localhost//evil.example/x?token={TOKEN}&a=b c", headers={"cookie": "tunefork_token=old"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/evil.example/x?a=b+c")
    assert answer.headers["set-cookie"] == f"tunefork_token={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    assert ask(LOCKED, path="/x?token=wrong").status_code == 401
    assert ask(LOCKED, "POST", f"/x?token={TOKEN}").status_code == 401  # what is sent is never in an address


def test_health_needs_no_token() -> None:
    assert ask(LOCKED, path="/healthz").status_code == 200


def test_a_large_body_is_refused_whether_or_not_it_says_so() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 40

    for content in (b"x" * 101, parts()):
        assert told(ask(OPEN, "POST", content=content)) == (
            "413 The request is too large (body). Found: . Send at most 100 bytes."
        )
    assert ask(OPEN, "POST", content=b"x" * 100).text == "100"


def test_a_body_that_never_comes_is_given_up() -> None:
    async def never() -> Any:
        await asyncio.sleep(60)

    async def go() -> list[Any]:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        await Guard(echo, access("localhost"), Limits(patience=0.05))(scope, never, send)
        return said

    assert asyncio.run(go())[0]["status"] == 408


def test_more_than_it_can_serve_are_told_to_come_again() -> None:
    async def go() -> list[int]:
        release = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await release.wait()
            await echo(scope, receive, send)

        transport = httpx.ASGITransport(app=Guard(slow, access("localhost"), Limits(requests=2)))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            waiting = [asyncio.create_task(client.get("/")) for _ in range(2)]
            await asyncio.sleep(0.05)
            refused = await client.get("/")
            assert refused.headers["retry-after"] == "1"
            release.set()
            answers = [refused, *await asyncio.gather(*waiting), await client.get("/")]
        return [answer.status_code for answer in answers]

    assert asyncio.run(go()) == [429, 200, 200, 200]


def test_others_may_reach_it_only_with_a_token() -> None:
    with pytest.raises(ConfigError) as error:
        access("0.0.0.0")
    assert str(error.value) == (
        "Other machines can reach this address, and anybody on them could ask (--host 0.0.0.0). Found: no --token. "
        "Give --token, or TUNEFORK_TOKEN in the environment; or leave --host out."
    )
    with pytest.raises(ConfigError, match=r"A token has 16 characters or more, .* Found: 5 characters\."):
        access("127.0.0.1", "short")
