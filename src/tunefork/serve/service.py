"""From a request to its answer: which model, which rows, one place in a pass, labels and probabilities."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool

from tunefork.errors import TuneforkError, did_you_mean
from tunefork.serve.batcher import Batcher, QueueFullError
from tunefork.serve.fleet import Fleet, Served
from tunefork.serve.measures import Measures
from tunefork.serve.pictures import decoded
from tunefork.serve.schemas import Asking, Model, Models, Prediction, Predictions, given_in, rows_in
from tunefork.web import refusal


class Service:
    """Answers requests.

    Args:
        fleet: the models; where none is named, the first that reads such rows answers.
        batcher: computes.
        measures: is told how it went.
        most: rows of one request.
    """

    def __init__(self, fleet: Fleet, batcher: Batcher, measures: Measures, most: int) -> None:
        self._fleet, self._batcher, self._measures, self._most = fleet, batcher, measures, most
        self._defaults: dict[str, Served] = {model.reads: model for model in reversed(fleet.models.values())}

    def models(self) -> Models:
        """What is served."""
        return Models(models=[_described(one, self._defaults[one.reads] is one) for one in self._fleet.models.values()])

    async def predict(self, request: Asking) -> Predictions:
        """Answer, and count how it went."""
        began, status, rows = time.perf_counter(), 200, rows_in(request)
        model: Served | None = None
        try:
            model = self._model(request)
            return await self._answered(model, rows, request.calibrated)
        except HTTPException as error:
            status = error.status_code
            raise
        except Exception as error:
            status = 422 if isinstance(error, TuneforkError) else 500
            raise
        finally:
            self._measures.request(model.id if model else "", status, len(rows), time.perf_counter() - began)

    def _model(self, request: Asking) -> Served:
        name, models, given = request.model, self._fleet.models, given_in(request)
        if name is None:
            return self._defaults[given]
        if name not in models:
            fix = did_you_mean(name, list(models))
            raise refusal(404, "There is no such model", where="model", found=name, fix=fix)
        model = models[name]
        if given != model.reads:
            raise refusal(422, f"The model {name} reads {model.reads}", where=given, fix=f"Send {model.reads}.")
        return model

    async def _answered(self, model: Served, rows: Sequence[Any], calibrated: bool) -> Predictions:
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
        return Predictions(model=model.id, predictions=_told(model, logits, calibrated))


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


def _told(model: Served, logits: np.ndarray, calibrated: bool) -> list[Prediction]:
    answers, shares = model.answers.told(logits), model.answers.probabilities(logits, calibrated)
    if shares is None:
        return [Prediction(prediction=each, probabilities=None) for each in answers]
    named = [dict(zip(model.answers.labels, map(float, row))) for row in shares]
    return [Prediction(prediction=each, probabilities=row) for each, row in zip(answers, named)]
