"""TF-IDF and logistic regression: what a transformer has to beat to be worth its cost.

Wang and Manning 2012 ("Baselines and Bigrams", ACL) found a linear model on word pairs hard to beat on sentiment and
topics. It trains on the training rows alone; the strength of its regularisation is chosen on validation, as everything
else in a study is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data import Split, Splits

NAME = "TF-IDF + logistic regression"
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Inverse regularisation, C in scikit-learn."""
UNSEEN = 10.0
"""Where there are no validation rows to choose by."""
FEATURES = 4_000_000
"""Weights at most: words and pairs of words, times classes."""


@dataclass(frozen=True, eq=False)
class Classical:
    """What it said of the test rows."""

    logits: NDArray[np.float32]
    """[N, C] log-probabilities; −30 where a class was never seen in training."""
    settings: dict[str, Any]
    seconds: float


def tfidf(splits: Splits) -> Classical | None:
    """Train it on a study's texts; None where they have no words, or one label.

    Args:
        splits: of texts.

    >>> tfidf(load_splits(DataConfig(train="reviews.csv"))).logits.shape  # doctest: +SKIP
    (200, 2)
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(np.unique(splits.train.labels)) < 2:
        return None
    began, classes = time.perf_counter(), len(splits.labels.names)
    words = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=2 if len(splits.train) >= 1000 else 1,
        max_features=max(1000, min(200_000, FEATURES // classes)),
        strip_accents="unicode",
    )
    try:
        train = words.fit_transform(_texts(splits.train))
    except ValueError as error:  # scikit-learn found no words: numbers, signs, or words that occur once
        if "empty vocabulary" in str(error) or "no terms remain" in str(error):
            return None
        raise
    validation = splits.validation
    strengths = STRENGTHS if validation is not None and len(validation) else (UNSEEN,)
    held = words.transform(_texts(validation)) if validation is not None and len(validation) else None
    best: tuple[float, float, Any] | None = None
    for strength in strengths:
        model = _fit(train, splits.train.labels, strength)
        right = 0.0
        if held is not None and validation is not None:
            right = float((model.predict(held) == validation.labels).mean())
        if best is None or right > best[0]:
            best = (right, strength, model)
    assert best is not None
    _, strength, model = best
    logits = np.full((len(splits.test), classes), -30.0, dtype=np.float32)
    logits[:, model.classes_] = np.maximum(model.predict_log_proba(words.transform(_texts(splits.test))), -30.0)
    settings = {"C": strength, "features": int(train.shape[1]), "ngrams": "1-2"}
    return Classical(logits, settings, time.perf_counter() - began)


def _fit(rows: Any, labels: NDArray[np.int64], strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300).fit(rows, labels)


def _texts(split: Split) -> list[str]:
    return [" ".join(parts) for parts in split.texts]
