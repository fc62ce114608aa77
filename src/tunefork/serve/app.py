"""The application: /predict, /models, /healthz, /metrics."""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import FastAPI, HTTPException, Response
from fastapi.concurrency import run_in_threadpool

from tunefork._version import __version__
from tunefork.errors import TuneforkError, did_you_mean
from tunefork.serve.batcher import Batcher, QueueFullError, Room
from tunefork.serve.fleet import Fleet, Served
from tunefork.serve.measures import Measures
from tunefork.serve.pictures import decoded
from tunefork.serve.schemas import (
    Asking,
    Health,
    Model,
    Models,
    Pairs,
    Pictures,
    Prediction,
    Predictions,
    Problems,
    Texts,
)
from tunefork.web import Access, Guard, Limits, answer_errors, refusal

Responses = dict[int | str, dict[str, Any]]

REFUSALS: Responses = {
    401: {"model": Problems, "description": "The token is missing or wrong."},
    403: {"model": Problems, "description": "A foreign Host or Origin."},
    404: {"model": Problems, "description": "No such model."},
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
        fleet: the models; the first one answers where none is named.
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
    answer_errors(app)
    service = _Service(fleet, batcher, measures, offer.rows)
    refused: Responses = {status: REFUSALS[status] for status in (401, 403)}

    @app.get("/healthz", responses={403: REFUSALS[403]})
    async def healthz() -> Health:
        """Whether the server answers; needs no token."""
        return Health(status="ok", models=len(fleet.models), waiting=batcher.waiting)

    @app.get("/models", responses=refused)
    async def models() -> Models:
        """The models that are served."""
        return Models(models=[_described(one, one is service.default) for one in fleet.models.values()])

    @app.get("/metrics", responses={**refused, 200: {"content": {"text/plain": {}}}}, response_class=Response)
    async def metrics() -> Response:
        """What happened so far, as Prometheus reads it."""
        return Response(measures.text(batcher.waiting), media_type="text/plain; version=0.0.4; charset=utf-8")

    asked = _union(fleet)

    @app.post("/predict", responses=REFUSALS)
    async def predict(request: asked) -> Predictions:  # type: ignore[valid-type]
        """Answers for rows, in their order."""
        return await service.predict(request)

    return Guard(app, access, offer.limits)


def _union(fleet: Fleet) -> Any:
    """What may be asked here: rows as one of the models reads them."""
    kinds: dict[str, Any] = {"texts": Texts, "pairs": Pairs, "images": Pictures}
    read = {model.reads for model in fleet.models.values()}
    return functools.reduce(operator.or_, [kind for name, kind in kinds.items() if name in read])


def _described(model: Served, default: bool) -> Model:
    return Model(
        id=model.id,
        default=default,
        run=model.run,
        base=model.facts["model"],
        shares_backbone=model.shares,
        reads=model.reads,
        problem=model.answers.problem,
        labels=list(model.answers.labels),
        calibrated=model.answers.temperature is not None,
    )


class _Service:
    """Answers requests."""

    def __init__(self, fleet: Fleet, batcher: Batcher, measures: Measures, most: int) -> None:
        self._fleet, self._batcher, self._measures, self._most = fleet, batcher, measures, most
        self.default = next(iter(fleet.models.values()))

    async def predict(self, request: Asking) -> Predictions:
        """Answer, and count how it went."""
        began, status, rows = time.perf_counter(), 200, _rows(request)
        name = (
            request.model if request.model in self._fleet.models else self.default.id if request.model is None else ""
        )
        try:
            return await self._answered(request, rows)
        except HTTPException as error:
            status = error.status_code
            raise
        except Exception as error:
            status = 422 if isinstance(error, TuneforkError) else 500
            raise
        finally:
            self._measures.request(name, status, len(rows), time.perf_counter() - began)

    async def _answered(self, request: Asking, rows: Sequence[Any]) -> Predictions:
        model = self._model(request)
        if len(rows) > self._most:
            fix = f"Send at most {self._most:,} at a time."
            raise refusal(413, "There are too many rows", where=model.reads, found=f"{len(rows):,}", fix=fix)
        reader = self._fleet.reader(model)
        split = await run_in_threadpool(lambda: reader.encode(reader.checked(decoded(rows) if model.images else rows)))
        try:
            logits = await self._batcher.ask(model.lane, model.place, split)
        except QueueFullError:
            found = f"{self._batcher.waiting:,} rows wait"
            raise refusal(429, "The server is busy", found=found, fix="Try again soon.") from None
        if not bool(np.isfinite(logits).all()):
            raise refusal(500, "The model gave no number", where=model.id, fix="Train it again.")
        return Predictions(model=model.id, predictions=_told(model, logits, request.calibrated))

    def _model(self, request: Asking) -> Served:
        name, models = request.model, self._fleet.models
        model = self.default if name is None else models.get(name)
        if model is None:
            assert name is not None
            raise refusal(
                404, "There is no such model", where="model", found=name, fix=did_you_mean(name, list(models))
            )
        if (given := _given(request)) != model.reads:
            raise refusal(422, f"The model {model.id} reads {model.reads}", where=given, fix=f"Send {model.reads}.")
        return model


def _rows(request: Asking) -> Sequence[Any]:
    """Whichever rows a request has."""
    found: Sequence[Any] = getattr(request, _given(request))
    return found


def _given(request: Asking) -> str:
    return next(name for name in ("texts", "pairs", "images") if hasattr(request, name))


def _told(model: Served, logits: np.ndarray, calibrated: bool) -> list[Prediction]:
    answers, shares = model.answers.told(logits), model.answers.probabilities(logits, calibrated)
    if shares is None:
        return [Prediction(prediction=each, probabilities=None) for each in answers]
    named = [dict(zip(model.answers.labels, map(float, row))) for row in shares]
    return [Prediction(prediction=each, probabilities=row) for each, row in zip(answers, named)]
