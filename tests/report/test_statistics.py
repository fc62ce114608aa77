from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from tunefork.report.statistics import Interval, holm, macro_f1, mean_accuracy, paired_difference, wilson


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
    ours = paired_difference(a, b)
    assert ours.value == pytest.approx(a.mean() - b.mean())
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval()
    assert (ours.interval.low, ours.interval.high) == pytest.approx((interval.low, interval.high))
    assert ours.degrees_of_freedom == 299
    assert not ours.seeds_counted


def test_several_seeds_by_the_formula() -> None:
    a, b = correct(3, 50), correct(4, 50, share=0.6, seed=1)
    rows = (a.mean(axis=0) - b.mean(axis=0)).var(ddof=1) / 50
    seeds_a, seeds_b = a.mean(axis=1).var(ddof=1) / 3, b.mean(axis=1).var(ddof=1) / 4
    total = rows + seeds_a + seeds_b
    freedom = total**2 / (rows**2 / 49 + seeds_a**2 / 2 + seeds_b**2 / 3)
    ours = paired_difference(a, b)
    assert ours.degrees_of_freedom == pytest.approx(freedom)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
    assert ours.interval.high - ours.value == pytest.approx(half)
    assert ours.p_value == pytest.approx(2 * stats.t.sf(abs(ours.value) / math.sqrt(total), freedom))
    assert ours.seeds_counted


def test_rows_alone_fix_nothing_when_seeds_differ() -> None:
    """Between seeds 8 points, within a seed every row alike: only the seeds' variance is left, as in a Welch test."""
    a = np.zeros((3, 100), bool)
    b = np.zeros((3, 100), bool)
    for row, (first, second) in enumerate(zip((90, 94, 98), (86, 90, 94))):
        a[row, :first], b[row, :second] = True, True
    ours = paired_difference(a, b)
    welch = stats.ttest_ind(a.mean(axis=1), b.mean(axis=1), equal_var=False)
    assert ours.p_value > welch.pvalue > 0.05


def test_one_seed_on_one_side_counts_rows_only() -> None:
    assert not paired_difference(correct(1, 40), correct(3, 40, seed=1)).seeds_counted


def test_identical_answers_are_no_proof_of_equality() -> None:
    a = correct(1, 100)
    same = paired_difference(a, a)
    assert (same.value, same.p_value) == (0.0, 1.0)
    assert same.interval.low == pytest.approx(-0.03699, abs=1e-5)
    assert same.interval.high == pytest.approx(0.03699, abs=1e-5)


def test_two_rows_prove_nothing() -> None:
    assert paired_difference(np.ones((1, 2), bool), np.zeros((1, 2), bool)).p_value == 0.5
    assert paired_difference(np.ones((1, 1), bool), np.zeros((1, 1), bool)).interval == Interval(-1.0, 1.0)


def test_different_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="both sides must answer the same rows but got 3 and 4"):
        paired_difference(np.ones((1, 3), bool), np.ones((1, 4), bool))


def test_mean_accuracy_of_one_seed_is_wilson() -> None:
    a = correct(1, 200)
    estimate = mean_accuracy(a)
    assert estimate.interval == wilson(int(a.sum()), 200)
    assert (estimate.value, estimate.seeds_counted) == (a.mean(), False)


def test_mean_accuracy_of_several_seeds_is_wider_when_they_differ() -> None:
    alike = np.repeat(correct(1, 200), 3, axis=0)
    apart = alike.copy()
    apart[0, :20] = False
    narrow, wide = mean_accuracy(alike).interval, mean_accuracy(apart).interval
    assert wide.high - wide.low > narrow.high - narrow.low
    assert mean_accuracy(np.ones((3, 50), bool)).interval == wilson(50, 50)


@pytest.mark.parametrize(("seeds", "deviation", "most"), [(1, 0.0, 0.97), (3, 0.0, 1.0), (3, 0.03, 0.99)])
def test_intervals_cover_the_truth(seeds: int, deviation: float, most: float) -> None:
    """Rows are drawn, seeds move the accuracy by ``deviation``: about 95 % of the intervals hold the truth.

    Where seeds do nothing but answer anew, that noise is counted twice, and more than 95 % do.
    """
    rng, rows, draws, covered = np.random.default_rng(7), 200, 400, 0
    truth = 0.3 * 2 * 0.5 / (2.5 * 3.5)  # 0.3 times the mean of h (1 - h) for h from Beta(2, 0.5)
    for _ in range(draws):
        easy = rng.beta(2, 0.5, rows)
        sides = [
            rng.uniform(size=(seeds, rows)) < easy - loss * easy * (1 - easy) + rng.normal(0, deviation, (seeds, 1))
            for loss in (0.0, 0.3)
        ]
        interval = paired_difference(*sides).interval
        covered += interval.low <= truth <= interval.high
    assert 0.93 <= covered / draws <= most


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_macro_f1_is_sklearn_s() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, (2, 300))
    expected = np.mean([f1_score(labels, one, average="macro") for one in predicted])
    found = macro_f1(predicted, labels, 6)
    assert found.value == pytest.approx(expected * 5 / 6)  # the sixth class is never said nor there
    assert found == macro_f1(predicted, labels, 6)
    assert found.interval.low < found.value < found.interval.high


def test_macro_f1_s_interval_is_near_the_binomial_one_for_two_balanced_classes() -> None:
    labels = np.tile([0, 1], 500)
    predicted = np.where(correct(1, 1000, share=0.9), labels, 1 - labels)
    interval, reference = macro_f1(predicted, labels, 2).interval, wilson(int((predicted == labels).sum()), 1000)
    assert interval.high - interval.low == pytest.approx(reference.high - reference.low, rel=0.15)
