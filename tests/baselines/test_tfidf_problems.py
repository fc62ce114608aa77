"""TF-IDF for several labels per row, and for numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline

from tunefork.baselines import tfidf
from tunefork.config import DataConfig
from tunefork.data import Splits, load_splits

WORDS = {"joy": ["glad", "happy"], "fear": ["scared", "afraid"], "anger": ["furious", "cross"]}
WORTH = {"great": 3.0, "fine": 1.0, "poor": -2.0, "awful": -4.0}


def frame(rows: int = 300) -> pd.DataFrame:
    """Texts whose words tell labels nearly always, and a number up to noise."""
    draw = np.random.default_rng(0)
    texts, labels, numbers = [], [], []
    for row in range(rows):
        own = [name for name in WORDS if draw.random() < 0.3]
        graded = draw.choice(list(WORTH), size=3)
        words = [draw.choice(WORDS[name]) for name in own if draw.random() < 0.9]
        texts.append(" ".join([*words, *graded, f"w{row}", f"w{draw.integers(50)}"]))
        labels.append(own)
        numbers.append(100 + sum(WORTH[word] for word in graded) + draw.normal())
    return pd.DataFrame({"text": texts, "labels": labels, "number": numbers})


@pytest.fixture(scope="module")
def labelled() -> Splits:
    return load_splits(DataConfig(train="-", text="text", label="labels"), frames={"train": frame()})


@pytest.fixture(scope="module")
def numbered() -> Splits:
    config = DataConfig(train="-", text="text", label="number", problem="regression")
    return load_splits(config, frames={"train": frame()})


def texts(splits: Splits) -> dict[str, list[str]]:
    return {split.name: [text for (text,) in split.texts] for split in splits.present()}


def pipeline(model: object) -> Pipeline:
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode"), model)


def test_labels_have_a_logistic_regression_each_and_one_strength_for_all(labelled: Splits) -> None:
    found, own = tfidf(labelled), texts(labelled)
    assert found is not None
    assert labelled.validation is not None

    def models(strength: float) -> list[Pipeline]:
        columns = labelled.train.labels.T
        return [pipeline(LogisticRegression(C=strength, max_iter=300)).fit(own["train"], column) for column in columns]

    strengths = (0.3, 1.0, 3.0, 10.0, 30.0)
    scores = []
    for strength in strengths:
        said = np.stack([model.predict(own["validation"]) for model in models(strength)], axis=1)
        scores.append(f1_score(labelled.validation.labels, said, average="micro", zero_division=0))
    best = strengths[int(np.argmax(scores))]
    assert found.settings["C"] == best
    assert found.name == "TF-IDF + logistic regression"
    assert found.logits.dtype == np.float32
    odds = np.stack([model.decision_function(own["test"]) for model in models(best)], axis=1)
    np.testing.assert_allclose(found.logits, odds, rtol=1e-4, atol=1e-4)
    chances = np.stack([model.predict_proba(own["test"])[:, 1] for model in models(best)], axis=1)
    np.testing.assert_array_equal(found.logits > 0, chances > 0.5)
    assert f1_score(labelled.test.labels, found.logits > 0, average="micro") > 0.8


def test_a_label_that_is_constant_in_training_is_sure(labelled: Splits) -> None:
    labels = labelled.train.labels.copy()
    labels[:, 0], labels[:, 2] = 1, 0
    found = tfidf(replace(labelled, train=replace(labelled.train, labels=labels)))
    assert found is not None
    assert set(found.logits[:, 0].tolist()) == {30.0}
    assert set(found.logits[:, 2].tolist()) == {-30.0}
    assert len(set(found.logits[:, 1].tolist())) > 10
    labels[:, 1] = 1
    assert tfidf(replace(labelled, train=replace(labelled.train, labels=labels))) is None


def test_numbers_have_a_ridge_regression_with_the_strength_that_validation_prefers(numbered: Splits) -> None:
    found, own = tfidf(numbered), texts(numbered)
    assert found is not None
    assert numbered.validation is not None
    strengths = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
    models = {each: pipeline(Ridge(alpha=each)).fit(own["train"], numbered.train.labels) for each in strengths}
    errors = [
        mean_squared_error(numbered.validation.labels, model.predict(own["validation"])) for model in models.values()
    ]
    best = strengths[int(np.argmin(errors))]
    assert found.settings["alpha"] == best
    assert found.name == "TF-IDF + ridge regression"
    assert found.logits.shape == (len(numbered.test), 1)
    np.testing.assert_allclose(found.logits[:, 0], models[best].predict(own["test"]), rtol=1e-4)
    left = mean_squared_error(numbered.test.labels, found.logits[:, 0]) / numbered.test.labels.var()
    assert left < 0.4, "words explain more than half"


def test_without_validation_a_middle_strength_is_taken(labelled: Splits, numbered: Splits) -> None:
    assert [tfidf(replace(each, validation=None)).settings for each in (labelled, numbered)] == [  # type: ignore[union-attr]
        {"C": 10.0, "features": tfidf(labelled).settings["features"], "ngrams": "1-2"},  # type: ignore[union-attr]
        {"alpha": 1.0, "features": tfidf(numbered).settings["features"], "ngrams": "1-2"},  # type: ignore[union-attr]
    ]


def test_numbers_that_do_not_differ_have_no_baseline(numbered: Splits) -> None:
    train = replace(numbered.train, labels=np.zeros(len(numbered.train)))
    assert tfidf(replace(numbered, train=train)) is None
