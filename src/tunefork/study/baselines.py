"""The baselines of a study: scored once, kept in the store, beside the runs in every table."""

from __future__ import annotations

import numpy as np

from tunefork import metrics
from tunefork.baselines import NAME, tfidf
from tunefork.data import Splits
from tunefork.store import BaselineRecord, Predictions, Store


def keep_baselines(store: Store, splits: Splits) -> None:
    """Score what needs no transformer, unless the store has it."""
    if splits.test is None or not len(splits.test) or splits.test.images is not None:
        return
    if any(known.id == "tfidf" for known in store.baselines()):
        return
    found = tfidf(splits)
    if found is None:
        return
    scores = metrics.score(found.logits, splits.test.labels)
    record = BaselineRecord(
        id="tfidf",
        name=NAME,
        kind="tfidf",
        loss=scores.loss,
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        f1=scores.f1,
        seconds=found.seconds,
        settings=found.settings,
    )
    ids = tuple(str(each) for each in splits.test.ids)
    store.put_baseline(record, Predictions(ids, splits.test.labels.astype(np.int64), found.logits))
