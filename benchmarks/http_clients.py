"""Many clients that ask one or several servers over kept connections, in as little code as HTTP/1.1 needs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TRIES = 100


@dataclass(frozen=True)
class Question:
    """One request, and what it is compared by."""

    port: int
    body: dict[str, Any]
    number: int


@dataclass(frozen=True)
class Reply:
    """What came back."""

    question: Question
    status: int
    document: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Figures:
    """Of many replies."""

    replies: tuple[Reply, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.replies) / self.seconds

    def milliseconds(self, percentile: float) -> float:
        return float(np.percentile([reply.seconds for reply in self.replies], percentile) * 1000)


class Connection:
    """One kept connection to a server on this machine."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port, self._token = port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and document of the answer."""
        content = json.dumps(body).encode()
        bearer = f"Authorization: Bearer {self._token}\r\n" if self._token else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nContent-Type: application/json\r\n{bearer}"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        try:
            reader, answer = await self._sent(head.encode() + content)
        except (ConnectionError, asyncio.IncompleteReadError):  # servers close connections that were idle
            self.close()
            reader, answer = await self._sent(head.encode() + content)
        lines = answer.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        document = json.loads(await reader.readexactly(int(headers["content-length"])))
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), document

    async def _sent(self, message: bytes) -> tuple[asyncio.StreamReader, bytes]:
        """Where the answer comes from, and its head."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(message)
        return reader, await reader.readuntil(b"\r\n\r\n")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def ask_all(questions: Sequence[Question], clients: int, patient: bool = False, token: str = "") -> Figures:
    """Ask all questions, in their order, by so many clients at once; each waits for its answer before it asks again.

    ``patient`` clients that are told to come again (429) do so.
    """
    return asyncio.run(_ask_all(questions, clients, patient, token))


async def _ask_all(questions: Sequence[Question], clients: int, patient: bool, token: str) -> Figures:
    left = iter(questions)
    replies: list[Reply] = []

    async def client() -> None:
        connections: dict[int, Connection] = {}
        for question in left:
            connection = connections.setdefault(question.port, Connection(question.port, token))
            began = time.perf_counter()
            for _ in range(TRIES):
                status, document = await connection.post("/predict", question.body)
                if status != 429 or not patient:
                    break
                await asyncio.sleep(0.05)
            replies.append(Reply(question, status, document, time.perf_counter() - began))
        for connection in connections.values():
            connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Figures(tuple(replies), time.perf_counter() - began)


def spread(
    texts: Sequence[str], models: Sequence[str], count: int, port: Callable[[int], int], named: bool = True
) -> list[Question]:
    """Questions of one text each, over the models in turn; ``port`` of a model's number."""
    found = []
    for number in range(count):
        place = (number * 7 + number // len(models)) % len(models)
        body: dict[str, Any] = {"texts": [texts[number % len(texts)]]}
        if named:
            body["model"] = models[place]
        found.append(Question(port(place), body, number))
    return found
