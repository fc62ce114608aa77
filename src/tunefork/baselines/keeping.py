"""Baselines in a study's store: scored once, beside the runs in every table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork import metrics
from tunefork.baselines.included import SEPARATOR, read_predictions
from tunefork.baselines.tfidf import tfidf
from tunefork.data import Splits
from tunefork.errors import StoreError
from tunefork.store import BaselineRecord, Predictions, Store

NEED_PROBABILITIES = ("auroc", "ece", "brier")
"""Metrics that labels alone do not have."""


def keep_baselines(store: Store, splits: Splits) -> None:
    """Score what needs no transformer, unless the store has it. Images have no such baseline yet."""
    if not len(splits.test_rows) or splits.test_rows.images is not None:
        return
    if any(known.id == "tfidf" for known in store.baselines()):
        return
    found = tfidf(splits)
    if found is not None:
        ids = tuple(str(each) for each in splits.test_rows.ids)
        answers = Predictions(ids, splits.test_rows.labels, found.logits)
        _put(store, "tfidf", found.name, answers, seconds=found.seconds, settings=found.settings)


def include_predictions(store: Store, sources: Iterable[str | Path], separator: str = SEPARATOR) -> None:
    """Put somebody else's predictions for the test rows into a study's tables and verdict.

    Args:
        store: a study with at least one finished run.
        sources: files; see ``read_predictions``. A second file of the same name replaces the first.
        separator: what stands between labels that are written as one text.

    Raises:
        StoreError: no run has answered the test rows yet.
        ReadError, ColumnError, LabelError, DataError: the file does not fit.
    """
    for source in sources:
        tested = next((run for run in store.runs() if store.evaluations(run.id, "test")), None)
        if tested is None:
            raise StoreError(
                "No run has answered the test rows yet, so there is nothing to compare with",
                where=str(store.folder),
                fix="Run the study first.",
            )
        test = store.predictions(tested.id, "test")
        found = read_predictions(source, test.ids, store.study().labels, test.problem, separator)
        answers = Predictions(test.ids, test.labels, found.logits)
        _put(
            store,
            f"file:{found.name}",
            found.name,
            answers,
            known_loss=found.probabilities or test.problem == "regression",
            settings={"file": str(source)},
            notices=found.notices,
        )


def _put(
    store: Store,
    key: str,
    name: str,
    answers: Predictions,
    *,
    known_loss: bool = True,
    seconds: float = 0.0,
    settings: dict[str, Any],
    notices: tuple[str, ...] = (),
) -> None:
    logits: NDArray[np.float32] = answers.logits
    scores = metrics.score(logits, answers.labels)
    others = scores.others
    if not known_loss:
        others = {name: value for name, value in others.items() if name not in NEED_PROBABILITIES}
    record = BaselineRecord(
        id=key,
        name=name,
        kind="file" if key.startswith("file:") else key,
        loss=scores.loss if known_loss else float("nan"),
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        f1=scores.f1,
        seconds=seconds,
        settings=settings,
        notices=notices,
        scores=others,
    )
    store.put_baseline(record, answers)
