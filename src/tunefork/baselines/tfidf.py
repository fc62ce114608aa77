"""TF-IDF and a linear model: what a transformer has to beat to be worth its cost.

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

from tunefork.baselines.linear import LINEAR, Answer, Linear
from tunefork.data import Split, Splits

FEATURES = 4_000_000
"""Weights at most: words and pairs of words, times classes."""


@dataclass(frozen=True, eq=False)
class Classical:
    """What it said of the test rows."""

    logits: NDArray[np.float32]
    """[N, C] log-probabilities, of several labels log-odds, at least −30; of numbers [N, 1] the numbers."""
    settings: dict[str, Any]
    seconds: float
    name: str
    """Of the model, for tables."""


def tfidf(splits: Splits) -> Classical | None:
    """Train it on a study's texts; None where they have no words, or all the same labels.

    Args:
        splits: of texts.

    >>> tfidf(load_splits(DataConfig(train="reviews.csv"))).logits.shape  # doctest: +SKIP
    (200, 2)
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(np.unique(splits.train.labels, axis=0)) < 2:
        return None
    began, classes, linear = time.perf_counter(), len(splits.labels.names), LINEAR[splits.problem]
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
    strength, answer = _chosen(linear, train, splits, words)
    logits = answer(words.transform(_texts(splits.test_rows))).astype(np.float32)
    settings = {linear.setting: strength, "features": int(train.shape[1]), "ngrams": "1-2"}
    return Classical(logits, settings, time.perf_counter() - began, linear.name)


def _chosen(linear: Linear, train: Any, splits: Splits, words: Any) -> tuple[float, Answer]:
    """The strength that validation prefers, and the model that has it."""
    labels, classes, validation = splits.train.labels, len(splits.labels.names), splits.validation
    if validation is None or not len(validation):
        return linear.unseen, linear.fit(train, labels, classes, linear.unseen)
    held = words.transform(_texts(validation))
    # one after another: the best and the last are in memory
    models = ((strength, linear.fit(train, labels, classes, strength)) for strength in linear.strengths)
    return max(models, key=lambda model: linear.worth(model[1](held), validation.labels))


def _texts(split: Split) -> list[str]:
    return [" ".join(parts) for parts in split.texts]
