from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tunefork.uncertainty import Interval, Pool, difference_of, mean_of, pool_of, wilson


def correct(*shape: int, share: float = 0.8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=shape) < share


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (10, 10), (89, 100), (872, 872), (1, 1)])
def test_wilson_is_scipy_s(right: int, rows: int) -> None:
    theirs = stats.binomtest(right, rows).proportion_ci(method="wilson")
    ours = wilson(right, rows)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_without_rows_knows_nothing() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_one_seed_each_is_the_paired_t_test() -> None:
    a, b = correct(1, 300), correct(1, 300, share=0.7, seed=1)
    theirs = stats.ttest_rel(a[0].astype(float), b[0].astype(float))
    ours = difference_of(a, b)
    assert ours.value == pytest.approx(a.mean() - b.mean())
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval()
    assert (ours.interval.low, ours.interval.high) == pytest.approx((interval.low, interval.high))
    assert ours.degrees_of_freedom == 299
    assert not ours.seeds_counted


def test_the_mean_squares_are_those_of_a_two_way_analysis_of_variance() -> None:
    """By the textbook's sums of squares (rows, columns, and what is left of the total)."""
    x = np.random.default_rng(0).normal(size=(4, 30)) + np.random.default_rng(1).normal(size=(4, 1))
    seeds, rows, grand = 4, 30, x.mean()
    by_row = seeds * ((x.mean(axis=0) - grand) ** 2).sum()
    by_seed = rows * ((x.mean(axis=1) - grand) ** 2).sum()
    left = ((x - grand) ** 2).sum() - by_row - by_seed
    ms = by_row / (rows - 1), by_seed / (seeds - 1), left / ((rows - 1) * (seeds - 1))
    total = (ms[0] + ms[1] - ms[2]) / (seeds * rows)
    freedom = (ms[0] + ms[1] - ms[2]) ** 2 / (
        ms[0] ** 2 / (rows - 1) + ms[1] ** 2 / (seeds - 1) + ms[2] ** 2 / ((rows - 1) * (seeds - 1))
    )
    ours = mean_of(x, bounds=(-9, 9))
    assert ours.interval.half == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(total))
    assert ours.seeds_counted


def test_a_difference_of_several_seeds_by_the_formula() -> None:
    a, b = correct(3, 50), correct(4, 50, share=0.6, seed=1)
    rows = (a.mean(axis=0) - b.mean(axis=0)).var(ddof=1) / 50
    seeds_a, seeds_b = a.mean(axis=1).var(ddof=1) / 3, b.mean(axis=1).var(ddof=1) / 4

    def error(x: np.ndarray) -> float:
        left = x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean()
        return float((left**2).sum() / ((len(x) - 1) * 49) / x.size)

    total = rows + max(0.0, seeds_a + seeds_b - error(a) - error(b))
    squares = rows**2 / 49 + seeds_a**2 / 2 + seeds_b**2 / 3 + error(a) ** 2 / (2 * 49) + error(b) ** 2 / (3 * 49)
    ours = difference_of(a, b)
    assert ours.degrees_of_freedom == pytest.approx(total**2 / squares)
    half = stats.t.ppf(0.975, total**2 / squares) * math.sqrt(total)
    assert ours.interval.high - ours.value == pytest.approx(half)
    assert ours.p_value == pytest.approx(2 * stats.t.sf(abs(ours.value) / math.sqrt(total), total**2 / squares))
    assert ours.seeds_counted


def test_seeds_that_happen_to_agree_count_as_those_of_the_study() -> None:
    """A configuration's variance over seeds is never below the study's mean, whose degrees of freedom then hold."""
    quiet = np.zeros((3, 1000), bool)
    quiet[:, :900] = True
    loud = np.zeros((3, 1000), bool)
    for row, right in enumerate((860, 900, 940)):
        loud[row, :right] = True
    pool = pool_of([quiet, loud, quiet[:1]])
    assert pool == Pool(pytest.approx(0.04**2 / 2), 4)
    assert mean_of(quiet, pool).interval.half > 2 * mean_of(quiet).interval.half
    assert mean_of(loud, pool) == mean_of(loud), "its own is larger"
    assert pool_of([quiet[:1]]) is None


def test_a_configuration_that_collapses_says_nothing_of_the_others() -> None:
    random = np.random.default_rng(0)

    def runs(accuracies: list[float]) -> np.ndarray:
        return np.stack([random.permutation(1000) < 1000 * each for each in accuracies])

    steady = [runs([0.86, 0.87, 0.88, 0.87, 0.86]) for _ in range(6)]
    collapsed = runs([0.86, 0.87, 0.88, 0.87, 0.55])
    alone, together = pool_of(steady), pool_of([*steady[:3], collapsed, *steady[3:]])
    assert together == alone
    mixed = pool_of([*steady, runs([0.85, 0.87, 0.89, 0.87, 0.86])])  # differs more, as chance may have it
    assert mixed is not None
    assert mixed.freedom == 28
    twice = pool_of([*steady, collapsed, runs([0.5, 0.9, 0.5, 0.9, 0.5])])
    assert twice == alone


def test_rows_alone_fix_nothing_when_seeds_differ() -> None:
    """Between seeds 8 points, within a seed every row alike: only the seeds' variance is left, as in a Welch test."""
    a = np.zeros((3, 100), bool)
    b = np.zeros((3, 100), bool)
    for row, (first, second) in enumerate(zip((90, 94, 98), (86, 90, 94))):
        a[row, :first], b[row, :second] = True, True
    ours = difference_of(a, b)
    assert ours.p_value > 0.2 > stats.ttest_rel(a[1].astype(float), b[1].astype(float)).pvalue


def test_one_seed_on_one_side_counts_rows_only() -> None:
    assert not difference_of(correct(1, 40), correct(3, 40, seed=1)).seeds_counted


def test_identical_answers_are_no_proof_of_equality() -> None:
    a = correct(1, 100)
    same = difference_of(a, a)
    assert (same.value, same.p_value) == (0.0, 1.0)
    assert same.interval.low == pytest.approx(-0.03699, abs=1e-5)
    assert same.interval.high == pytest.approx(0.03699, abs=1e-5)


def test_two_rows_prove_nothing() -> None:
    assert difference_of(np.ones((1, 2), bool), np.zeros((1, 2), bool)).p_value == 0.5
    assert difference_of(np.ones((1, 1), bool), np.zeros((1, 1), bool)).interval == Interval(-1.0, 1.0)


def test_different_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="both sides must answer the same rows but got 3 and 4"):
        difference_of(np.ones((1, 3), bool), np.ones((1, 4), bool))


def test_the_mean_of_one_seed_is_wilson() -> None:
    a = correct(1, 200)
    estimate = mean_of(a)
    assert estimate.interval == wilson(int(a.sum()), 200)
    assert (estimate.value, estimate.seeds_counted) == (a.mean(), False)


def test_the_mean_of_several_seeds_is_wider_when_they_differ() -> None:
    alike = np.repeat(correct(1, 200), 3, axis=0)
    apart = alike.copy()
    apart[0, :20] = False
    assert mean_of(apart).interval.half > mean_of(alike).interval.half
    assert mean_of(np.ones((3, 50), bool)).interval == wilson(50, 50)


@pytest.mark.parametrize(
    ("seeds", "deviation", "most"), [(1, 0.0, 0.97), (3, 0.0, 1.0), (3, 0.03, 0.99), (5, 0.03, 0.98)]
)
def test_intervals_cover_the_truth(seeds: int, deviation: float, most: float) -> None:
    """Rows are drawn, seeds move the accuracy by ``deviation``: about 95 % of the intervals hold the truth.

    ``benchmarks/coverage.py`` has more worlds and more studies.
    """
    rng, rows, draws, covered = np.random.default_rng(7), 200, 400, 0
    truth = 0.3 * 2 * 0.5 / (2.5 * 3.5)  # 0.3 times the mean of h (1 - h) for h from Beta(2, 0.5)
    for _ in range(draws):
        easy = rng.beta(2, 0.5, rows)
        sides = [
            rng.uniform(size=(seeds, rows)) < easy - loss * easy * (1 - easy) + rng.normal(0, deviation, (seeds, 1))
            for loss in (0.0, 0.3)
        ]
        covered += difference_of(*sides).interval.holds(truth)
    assert 0.93 <= covered / draws <= most
