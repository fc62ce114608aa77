"""The application: /predict, /models, /healthz, /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Response
from fastapi.concurrency import run_in_threadpool

from tunefork._version import __version__
from tunefork.serve.batcher import Batcher, Room
from tunefork.serve.fleet import Fleet
from tunefork.serve.measures import Measures
from tunefork.serve.schemas import KINDS, Asking, Health, Models, Predictions, Problems, body_of
from tunefork.serve.service import Service
from tunefork.web import Access, Guard, Limits, answer_errors

Responses = dict[int | str, dict[str, Any]]

REFUSALS: Responses = {
    400: {"model": Problems, "description": "The body is no text, or broke off."},
    401: {"model": Problems, "description": "The token is missing or wrong."},
    403: {"model": Problems, "description": "A foreign Host or Origin."},
    404: {"model": Problems, "description": "No such model."},
    408: {"model": Problems, "description": "The body did not arrive in time."},
    413: {"model": Problems, "description": "Too large, or too many rows."},
    422: {"model": Problems, "description": "A field that is missing, of another type, or cannot be read."},
    429: {"model": Problems, "description": "Too many rows wait; come again soon."},
    500: {"model": Problems, "description": "The model gave no number."},
}


@dataclass(frozen=True)
class Offer:
    """How much a server takes."""

    room: Room = field(default_factory=Room)
    limits: Limits = field(default_factory=Limits)
    rows: int = 256
    """Of one request."""


def create_app(fleet: Fleet, access: Access, offer: Offer = Offer()) -> Guard:
    """The application of a fleet, with its guard.

    Args:
        fleet: the models; where none is named, the first that reads such rows answers.
        access: who may ask.
        offer: how much at once.
    """
    measures = Measures()
    batcher = Batcher(fleet.lanes, offer.room, measures.passed)

    @asynccontextmanager
    async def computing(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await run_in_threadpool(batcher.stop)

    app = FastAPI(
        title="tunefork serve", version=__version__, lifespan=computing, docs_url=None, redoc_url=None,
        summary="Predictions of fine-tuned models.",
    )  # fmt: skip
    answer_errors(app, KINDS)
    service = Service(fleet, batcher, measures, offer.rows)
    refused: Responses = {status: REFUSALS[status] for status in (401, 403)}

    @app.get("/healthz", responses={403: REFUSALS[403]})
    async def healthz() -> Health:
        """Whether the server answers; needs no token."""
        return Health(status="ok", models=len(fleet.models), waiting=batcher.waiting)

    @app.get("/models", responses=refused)
    async def models() -> Models:
        """The models that are served."""
        return service.models()

    @app.get("/metrics", responses={**refused, 200: {"content": {"text/plain": {}}}}, response_class=Response)
    async def metrics() -> Response:
        """What happened so far, as Prometheus reads it."""
        return Response(measures.text(batcher.waiting), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def predict(request: Asking) -> Predictions:
        """Answers for rows, in their order."""
        return await service.predict(request)

    read: dict[str, list[str]] = {}
    for model in fleet.models.values():
        read.setdefault(model.reads, []).append(model.id)
    predict.__annotations__ = {"request": body_of(read), "return": Predictions}
    app.post("/predict", responses=REFUSALS)(predict)
    return Guard(app, access, offer.limits)
