"""Which models of a study can be asked, what they read, and their replies as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.errors import DataError, StoreError
from tunefork.page.playground import FACTS, Playground, Reply, Row
from tunefork.page.standing import begun, opened
from tunefork.report import summarise
from tunefork.store import RunRecord, SqliteStore

EXAMPLES = 4
"""Test rows that are offered to be tried; where the study keeps copies of any."""


@dataclass(frozen=True)
class Reads:
    """What a saved model reads."""

    images: bool
    columns: tuple[str, ...]
    """Of texts, one or two."""

    def row(self, given: list[str] | bytes) -> Row:
        """A row as the model reads it.

        Raises:
            DataError: texts for a model of pictures or the other way round, another number of them, or nothing in one.
        """
        if isinstance(given, bytes) != self.images:
            kind = "a picture" if self.images else "texts"
            raise DataError(f"The model reads {kind}", where="body", found="texts" if self.images else "a picture")
        if isinstance(given, bytes):
            if not given:
                raise DataError("There is no picture", where="body", fix="Send a picture's file.")
            return given
        if len(given) != len(self.columns):
            several = "s" * (len(self.columns) > 1)
            raise DataError(
                f"The model reads {len(self.columns)} text{several}",
                where="texts",
                found=str(len(given)),
                fix=f"Give {', '.join(self.columns)}.",
            )
        for place, text in enumerate(given):
            if not text.strip():
                raise DataError("The text is empty", where=f"texts.{place}", fix="Write something.")
        return tuple(given)


def model_folder(run: RunRecord, store: SqliteStore) -> Path:
    """The folder of a run's model.

    Raises:
        StoreError: the run has none.
    """
    if run.status != "done":
        raise StoreError("The run has no model", where=run.id, found=run.status, fix="Ask one that has finished.")
    return store.run_folder(run.id)


def reads(folder: Path) -> Reads:
    """What the model in a run's folder reads.

    Raises:
        StoreError: there is no model.
    """
    path = folder / FACTS
    if not path.is_file():
        raise StoreError("The run's model is gone", where=folder.name, fix="Run the study again.")
    known = json.loads(path.read_text(encoding="utf-8"))
    return Reads(known.get("task") == "image-classification", tuple(known.get("text", ())))


def askable(folder: Path, playground: Playground) -> dict[str, Any]:
    """The models of a study, the best one marked, and what they read."""
    with opened(folder) as store:
        study = begun(store)
        if study is None:
            return {"begun": False, "runs": [], "examples": []}
        done = [(run, place) for run in store.runs() if run.status == "done" and (place := store.run_folder(run.id))]
        models = [(run, place) for run, place in done if (place / FACTS).is_file()]
        summary = summarise(store)
        order = [one.id for one in summary.configurations]
        known = reads(models[0][1]) if models else Reads(study.task == "image-classification", ())
        return {
            "begun": True,
            "name": study.name,
            "images": known.images,
            "columns": list(known.columns),
            "labels": list(study.labels),
            "problem": study.problem,
            "examples": [] if known.images or len(known.columns) != 1 else list(store.excerpts().values())[:EXAMPLES],
            "runs": [
                {
                    "id": run.id,
                    "name": run.name,
                    "seed": run.seed,
                    "place": order.index(run.configuration),
                    "best": run.id == summary.best,
                    "loaded": playground.loaded(place),
                }
                for run, place in models
            ],
        }


def told(reply: Reply) -> dict[str, Any]:
    """A reply as JSON; times are in seconds."""
    said = reply.said
    return {
        "answer": said.answer,
        "chances": [{"label": label, "share": round(share, 5)} for label, share in said.chances],
        "calibrated": said.calibrated,
        "loading": round(reply.loading, 3),
        "answering": round(reply.answering, 4),
    }
