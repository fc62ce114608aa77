"""TF-IDF and logistic regression: as scikit-learn's own pipeline has it, on real words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import tunefork.demo
from tunefork.baselines import tfidf
from tunefork.config import DataConfig
from tunefork.data import Splits, load_splits

MESSAGES = Path(tunefork.demo.__file__).parent / "messages.csv"


@pytest.fixture(scope="module")
def messages() -> Splits:
    return load_splits(DataConfig(train=str(MESSAGES)))


def test_it_is_scikit_learn_s_pipeline_with_the_strength_that_validation_prefers(messages: Splits) -> None:
    found = tfidf(messages)
    assert found is not None
    texts = {split.name: [" ".join(text) for text in split.texts] for split in messages.present()}

    def pipeline(strength: float):  # type: ignore[no-untyped-def]
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode")
        return make_pipeline(words, LogisticRegression(C=strength, max_iter=300)).fit(
            texts["train"], messages.train.labels
        )

    assert messages.validation is not None
    scores = [pipeline(each).score(texts["validation"], messages.validation.labels) for each in (0.3, 1, 3, 10, 30)]
    best = (0.3, 1.0, 3.0, 10.0, 30.0)[int(np.argmax(scores))]
    assert found.settings["C"] == best
    np.testing.assert_allclose(found.logits, pipeline(best).predict_log_proba(texts["test"]), rtol=1e-4, atol=1e-5)
    accuracy = (found.logits.argmax(axis=1) == messages.test.labels).mean()
    assert accuracy > 0.5, "ten intents: it has learnt words"
    assert found.seconds > 0


def test_the_same_rows_give_the_same_answers(messages: Splits) -> None:
    first, second = tfidf(messages), tfidf(messages)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.logits, second.logits)


def test_pairs_are_read_as_one_text(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "a": ["red apple", "blue sky"] * 20,
            "b": ["sweet", "wide"] * 20,
            "label": ["fruit", "air"] * 20,
            "id": range(40),
        }
    )
    rows["a"] += [f" w{number}" for number in range(40)]
    rows.to_csv(tmp_path / "pairs.csv", index=False)
    found = tfidf(load_splits(DataConfig(train=str(tmp_path / "pairs.csv"), text="a+b", label="label", id="id")))
    assert found is not None
    assert found.settings["features"] > 6


def test_one_label_has_no_baseline(messages: Splits) -> None:
    train = replace(messages.train, labels=np.zeros(len(messages.train), dtype=np.int64))
    assert tfidf(replace(messages, train=train)) is None


def test_texts_without_words_have_no_baseline(tmp_path: Path) -> None:
    rows = pd.DataFrame({"text": [f"{'!' * number}" for number in range(1, 41)], "label": ["a", "b"] * 20})
    rows.to_csv(tmp_path / "signs.csv", index=False)
    assert tfidf(load_splits(DataConfig(train=str(tmp_path / "signs.csv"), text="text", label="label"))) is None
