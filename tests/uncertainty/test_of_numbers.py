"""What rows contribute to metrics of numbers: their mean is the metric, their variance what other rows change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score, root_mean_squared_error

from tunefork.uncertainty import mean_of
from tunefork.uncertainty.of_numbers import of_mae, of_mse, of_pearson, of_r2, of_rmse, of_spearman

Of = Callable[[np.ndarray, np.ndarray], np.ndarray]
THEIRS: dict[Of, Callable[[np.ndarray, np.ndarray], float]] = {
    of_mae: mean_absolute_error,
    of_mse: mean_squared_error,
    of_rmse: root_mean_squared_error,
    of_r2: r2_score,
    of_pearson: lambda y, x: stats.pearsonr(x, y)[0],
    of_spearman: lambda y, x: stats.spearmanr(x, y)[0],
}
EACH = pytest.mark.parametrize("of", THEIRS, ids=lambda of: of.__name__)
ANYWHERE = (-np.inf, np.inf)


def world(rows: int, seed: int, noise: float = 0.8, ties: bool = False, seeds: int = 1) -> tuple[np.ndarray, ...]:
    """Predictions [S, n] and numbers [n]; with ties in steps of a half, as human judgements are."""
    random = np.random.default_rng(seed)
    labels = random.gamma(9, size=rows)
    predicted = 0.5 + 0.8 * labels + noise * random.normal(size=(seeds, rows))
    return (np.round(2 * predicted) / 2, np.round(2 * labels) / 2) if ties else (predicted, labels)


@EACH
@pytest.mark.parametrize("ties", [False, True])
def test_the_mean_is_the_metric(of: Of, ties: bool) -> None:
    predicted, labels = world(300, 0, ties=ties, seeds=2)
    found = of(predicted, labels)
    assert found.shape == (2, 300)
    for seed in range(2):
        assert found[seed].mean() == pytest.approx(THEIRS[of](labels, predicted[seed]), abs=1e-12)


@EACH
@pytest.mark.parametrize("ties", [False, True])
def test_the_variance_is_that_of_a_jackknife_over_rows(of: Of, ties: bool) -> None:
    predicted, labels = world(700, 1, ties=ties)
    found = of(predicted, labels)[0]
    left = [THEIRS[of](np.delete(labels, row), np.delete(predicted[0], row)) for row in range(700)]
    jackknife = 699 / 700 * np.square(np.array(left) - np.mean(left)).sum()
    assert found.var(ddof=1) / 700 == pytest.approx(jackknife, rel=0.06)
    assert np.corrcoef(found, left)[0, 1] < -0.99


@EACH
@pytest.mark.parametrize(("noise", "ties"), [(0.4, False), (1.5, True)])
def test_intervals_cover_the_truth(of: Of, noise: float, ties: bool) -> None:
    """Rows drawn anew 500 times from a world whose metric is known from 300,000 rows."""
    predicted, labels = world(300_000, 2, noise, ties)
    truth = THEIRS[of](labels, predicted[0])
    covered = 0
    for draw in range(500):
        covered += mean_of(of(*world(400, 100 + draw, noise, ties)), bounds=ANYWHERE).interval.holds(truth)
    assert 0.92 <= covered / 500 <= 0.98


def test_ranks_that_others_move_count_in_spearman_s() -> None:
    """Pearson's influence on midranks is too small where predictions are good."""
    predicted, labels = world(2000, 3, noise=0.3)
    naive = of_pearson(stats.rankdata(predicted[0])[None], stats.rankdata(labels))
    drawn = [stats.spearmanr(*(side.ravel() for side in world(2000, 10 + draw, noise=0.3)))[0] for draw in range(400)]
    error = np.std(drawn, ddof=1)
    assert naive.std() / np.sqrt(2000) < 0.92 * error
    assert of_spearman(predicted, labels).std() / np.sqrt(2000) == pytest.approx(error, rel=0.1)


def test_what_has_no_metric_says_so_and_perfect_answers_have_one() -> None:
    predicted, labels = world(20, 4)
    same = np.full(20, 3.1)
    for of in (of_r2, of_pearson, of_spearman):
        with pytest.raises(ValueError, match="differ"):
            of(predicted, same)
    for of in (of_pearson, of_spearman):
        with pytest.raises(ValueError, match="numbers that differ"):
            of(same[None], labels)
    assert of_rmse(labels[None], labels).tolist() == [[0.0] * 20]
    np.testing.assert_allclose(of_r2(labels[None], labels), 1.0)
