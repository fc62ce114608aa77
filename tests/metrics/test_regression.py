"""Numbers: scikit-learn and SciPy are the oracles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from tunefork import metrics


def answers(rows: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Answers [rows, 1] with ties, and numbers far from 0."""
    random = np.random.default_rng(seed)
    labels = np.round(random.gamma(2, 20, rows) + 100, 1)
    return np.round(labels + random.normal(0, 10, rows))[:, None].astype(np.float32), labels


def test_every_metric_is_scikit_learn_s_or_scipy_s() -> None:
    logits, labels = answers()
    found, said = metrics.score(logits, labels), logits[:, 0].astype(float)
    assert found.loss == pytest.approx(np.mean((said - labels) ** 2))
    assert found.rmse == pytest.approx(root_mean_squared_error(labels, said))
    assert found.mae == pytest.approx(mean_absolute_error(labels, said))
    assert found.r2 == pytest.approx(r2_score(labels, said))
    assert found.pearson == pytest.approx(pearsonr(labels, said).statistic)
    assert found.spearman == pytest.approx(spearmanr(labels, said).statistic)
    assert set(found.known) == {"loss", "rmse", "mae", "r2", "pearson", "spearman"}


def test_one_answer_for_all_rows_has_no_correlation() -> None:
    _, labels = answers()
    found = metrics.majority(labels, labels, 1)
    assert found.r2 == pytest.approx(0.0, abs=1e-12)
    assert found.rmse == pytest.approx(labels.std())
    assert math.isnan(found.pearson)  # although the mean, summed up again, is another number in the last bit
    assert "spearman" not in found.others


def test_numbers_that_are_all_alike_have_no_r2() -> None:
    found = metrics.score(np.array([[1.0], [2.0]]), np.array([1.0, 1.0]))
    assert math.isnan(found.r2)
    assert math.isnan(found.pearson)
    assert found.mae == 0.5


def test_a_metric_of_one_s_own_gets_numbers_and_answers() -> None:
    def worst(labels: np.ndarray, said: np.ndarray) -> float:
        assert labels.dtype == said.dtype == np.float64
        return float(np.abs(labels - said).max())

    logits, labels = answers()
    _, scores = metrics.evaluated(logits, labels, metrics.own_metrics([worst]))
    assert scores["worst"] == pytest.approx(np.abs(labels - logits[:, 0]).max())
    metrics.try_on(metrics.own_metrics([worst]), labels, 1)
