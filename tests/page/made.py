"""Made-up studies on disk, and ways of asking the page without a socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.report.studies import FULL, S0, Made, make
from tunefork.counts import Counts
from tunefork.page.app import Desk, make_app
from tunefork.store import EvaluationRecord, Predictions, RunRecord, SqliteStore, StepRecord, StudyRecord
from tunefork.web import access

ADDRESS = "http://localhost:8765"
STUDY = StudyRecord(
    name="reviews",
    task="text-classification",
    model="builtin:minilm",
    labels=("bad", "good"),
    rows={"train": 160, "validation": 2, "test": 2},
    data_hash="abc",
)
TRAINING = {"epochs": 2, "batch_size": 16}
"""Twenty steps."""


def finished(folder: Path, configurations: tuple[Made, ...] = S0[:3], **more: Any) -> SqliteStore:
    """A study whose runs have ended; the caller closes it."""
    store = make(
        folder, configurations, store=SqliteStore(folder), **{"seeds": 1, "rows": 200, "validation": 100, **more}
    )
    assert isinstance(store, SqliteStore)
    return store


def run(name: str = "head", seed: int = 0, **more: Any) -> RunRecord:
    """A run that waits, of twenty steps."""
    counts = Counts(0, 10, 0, FULL, FULL)
    made = RunRecord(f"{name}-s{seed}", name, name, "head", seed, {"training": TRAINING}, counts, steps=20)
    return replace(made, **more)


def step(run: RunRecord, at: int, loss: float = 0.5, seconds: float | None = None) -> StepRecord:
    return StepRecord(run.id, at, at / 10, loss, 1e-3, float(at) if seconds is None else seconds)


def evaluate(store: SqliteStore, run: RunRecord, at: int, loss: float, accuracy: float) -> None:
    import numpy as np

    answers = Predictions(("a", "b"), np.array([0, 1]), np.array([[1, 0], [0, 1]], dtype=np.float32))
    store.add_evaluation(
        EvaluationRecord(run.id, at, at / 10, "validation", loss, accuracy, accuracy, accuracy), answers
    )


def ask(desk: Desk, method: str, path: str, **named: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=make_app(desk, access("127.0.0.1")), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.request(method, path, **named)

    return asyncio.run(go())


def told(answer: httpx.Response) -> str:
    """An error as one line."""
    parts = answer.json()["error"]
    return f"{answer.status_code} {parts['what']} ({parts['where']}). Found: {parts['found']}. {parts['fix']}"


def streamed(desk: Desk, path: str, events: int) -> list[tuple[str, Any]]:
    """The first events of a stream, whose reader then goes."""

    async def go() -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        gone, asked, rest = asyncio.Event(), False, ""

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal rest
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                assert (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
                return
            rest += message.get("body", b"").decode()
            *whole, rest = rest.split("\n\n")
            for each in whole:
                lines = dict(line.split(": ", 1) for line in each.splitlines() if ": " in line and line[0] != ":")
                if "event" in lines:
                    found.append((lines["event"], json.loads(lines["data"])))
            if len(found) >= events:
                gone.set()

        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "root_path": "", "scheme": "http", "http_version": "1.1", "headers": [(b"host", b"localhost:8765")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
        }  # fmt: skip
        await asyncio.wait_for(make_app(desk, access("127.0.0.1"))(scope, receive, send), 20)
        return found

    return asyncio.run(go())
