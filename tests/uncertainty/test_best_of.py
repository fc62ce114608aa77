"""The best of so many trials, against drawing."""

from __future__ import annotations

import numpy as np
import pytest

from tunefork.uncertainty import best_so_far, expected_best


@pytest.mark.parametrize("highest", [True, False])
def test_the_expected_best_is_the_mean_of_drawn_ones(highest: bool) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=7)
    drawn = generator.choice(values, size=(200_000, 7))
    best = np.maximum.accumulate(drawn, axis=1) if highest else np.minimum.accumulate(drawn, axis=1)
    np.testing.assert_allclose(expected_best(list(values), highest), best.mean(axis=0), atol=0.01)


def test_ties_count_once_and_what_gave_nothing_counts_as_the_worst() -> None:
    assert expected_best([2.0, 2.0, 2.0]).tolist() == pytest.approx([2.0, 2.0, 2.0])
    assert expected_best([1.0, float("nan"), 3.0]).tolist() == pytest.approx(expected_best([1.0, 1.0, 3.0]).tolist())
    assert expected_best([1.0, float("nan"), 3.0], False)[0] == pytest.approx((1 + 3 + 3) / 3)


def test_the_best_so_far_waits_for_the_first() -> None:
    found = best_so_far([float("nan"), 0.4, 0.6, 0.5], highest=False)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.4, 0.4, 0.4]
