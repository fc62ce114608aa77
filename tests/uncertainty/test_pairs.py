from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tunefork.uncertainty import compare, difference_of, equivalence, holm, mcnemar


def correct(*shape: int, share: float = 0.8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=shape) < share


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_every_pair_is_adjusted_for_all_of_them() -> None:
    sides = [correct(3, 400, share=share, seed=place) for place, share in enumerate((0.9, 0.88, 0.6, 0.59))]
    found = compare(sides, margin=0.01)
    assert [(pair.first, pair.second) for pair in found] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert [pair.outcome for pair in found] == ["undecided", *["better"] * 4, "undecided"]
    assert [pair.different for pair in found] == holm([pair.difference.p_value for pair in found])
    assert compare(sides[::-1])[1].outcome == "worse"
    assert compare(sides[:1]) == compare([]) == ()


def test_a_loss_is_better_where_it_is_smaller() -> None:
    random = np.random.default_rng(0)
    losses = [random.exponential(scale, (3, 500)) for scale in (0.5, 0.9)]
    (pair,) = compare(losses, sign=-1, bounds=(-np.inf, np.inf))
    assert (pair.outcome, pair.turned.outcome) == ("better", "worse")
    assert pair.difference.value == pytest.approx(losses[0].mean() - losses[1].mean()), (
        "the values', whatever is better"
    )
    assert pair.turned.difference.value > 0


def test_equal_errors_are_as_equal_in_any_unit() -> None:
    """The same answers to 1,000 rows: what another row may change is told by the unit, as the margin is."""
    errors = np.random.default_rng(0).exponential(size=(1, 1000))
    for unit in (1.0, 250.0):
        pairs = compare([unit * errors] * 2, 0.01 * unit, -1, (-np.inf, np.inf), whole=unit)
        assert pairs[0].outcome == "equivalent"
        assert pairs[0].difference.interval.high == pytest.approx(0.0038 * unit, rel=0.02)
    assert compare([250 * errors] * 2, 0.01, -1, (-np.inf, np.inf), whole=250.0)[0].outcome == "undecided"


def test_equivalence_is_the_larger_of_two_one_sided_t_tests() -> None:
    a, b = correct(1, 900), correct(1, 900, seed=1)
    d = a[0].astype(float) - b[0]
    above = stats.ttest_1samp(d, -0.08, alternative="greater").pvalue
    below = stats.ttest_1samp(d, 0.08, alternative="less").pvalue
    assert equivalence(difference_of(a, b), 0.08) == pytest.approx(max(above, below))
    assert equivalence(difference_of(a, b), 0.0) == 1.0


def test_equal_answers_are_equivalent_only_on_many_rows() -> None:
    """The same answers to 100 rows may still differ by a point on others; to 1,000 rows they do not."""
    few, many = correct(1, 100), correct(1, 1000)
    assert compare([few, few], 0.01)[0].outcome == "undecided"
    assert compare([many, many], 0.01)[0].outcome == "equivalent"


def test_a_shown_difference_within_the_margin_does_not_matter() -> None:
    base = np.zeros((1, 100_000), bool)
    base[0, :80_000] = True
    ahead = base.copy()
    ahead[0, 80_000:80_200] = True
    assert compare([ahead, base], margin=0.0)[0].outcome == "better"
    assert compare([ahead, base], margin=0.01)[0].outcome == "equivalent"


def test_mcnemar_is_the_sign_test_on_what_one_model_alone_gets_right() -> None:
    a, b = correct(300), correct(300, share=0.7, seed=1)
    only_a, only_b = (a & ~b).sum(), (b & ~a).sum()
    assert mcnemar(a, b) == pytest.approx(stats.binomtest(int(only_a), int(only_a + only_b)).pvalue)
    assert mcnemar(a, a) == 1.0
