"""Calibration: errors by hand, temperatures by another optimiser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax

from tunefork import metrics
from tunefork.metrics.calibration import COLDEST, HOTTEST


def drawn(rows: int, classes: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the softmax of logits, and these logits ``scale`` times as large."""
    random = np.random.default_rng(seed)
    logits = 1.5 * random.normal(size=(rows, classes))
    shares = metrics.softmax(logits).cumsum(axis=1)
    labels = (random.uniform(size=(rows, 1)) > shares).sum(axis=1)
    return (scale * logits).astype(np.float32), labels


def test_the_calibration_error_is_that_of_equation_3() -> None:
    logits, labels = drawn(700, 4, 2.0)
    chances = metrics.softmax(logits)
    expected = 0.0
    for number in range(15):
        sure = chances.max(axis=1)
        inside = (sure > number / 15) & (sure <= (number + 1) / 15)
        if inside.any():
            right = (chances.argmax(axis=1) == labels)[inside].mean()
            expected += inside.sum() / 700 * abs(right - sure[inside].mean())
    assert metrics.calibration_error(chances, labels) == pytest.approx(expected, abs=1e-12)
    assert metrics.score(logits, labels).ece == pytest.approx(expected, abs=1e-12)


def test_bins_hold_their_upper_edge_and_all_rows() -> None:
    chances = np.array([[0.6, 0.4], [0.8, 0.2], [1.0, 0.0], [0.5, 0.5]])
    bins = metrics.reliability(chances, np.array([0, 1, 0, 1]), bins=5)
    assert [each.count for each in bins] == [0, 0, 2, 1, 1]
    assert bins[2].confidence == pytest.approx(0.55)
    assert (bins[2].accuracy, bins[3].accuracy, bins[4].accuracy) == (0.5, 0.0, 1.0)
    assert math.isnan(bins[0].accuracy)
    assert (bins[0].low, bins[-1].high) == (0.0, 1.0)
    assert metrics.calibration_error(chances, np.array([0, 1, 0, 1]), bins=5) == pytest.approx((0.1 + 0.8 + 0) / 4)


@pytest.mark.parametrize(("scale", "classes"), [(3.0, 2), (0.4, 5), (1.0, 3)])
def test_the_temperature_is_that_of_another_optimiser(scale: float, classes: int) -> None:
    logits, labels = drawn(3000, classes, scale)

    def loss(inverse: np.ndarray) -> float:
        return float(-log_softmax(logits.astype(float) * inverse[0], axis=1)[np.arange(3000), labels].mean())

    theirs = 1 / minimize(loss, [1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}).x[0]
    found = metrics.fit_temperature(logits, labels)
    assert found == pytest.approx(theirs, rel=1e-4)
    assert found == pytest.approx(scale, rel=0.1)


def test_a_temperature_lowers_loss_and_error_and_leaves_labels() -> None:
    logits, labels = drawn(4000, 3, 4.0)
    temperature = metrics.fit_temperature(logits[:2000], labels[:2000])
    before, after = metrics.softmax(logits[2000:]), metrics.softmax(logits[2000:], temperature)
    rest = labels[2000:]
    assert metrics.calibration_error(before, rest) > 0.15
    assert metrics.calibration_error(after, rest) < 0.04
    assert metrics.log_loss(logits[2000:], rest, temperature) < metrics.log_loss(logits[2000:], rest) - 0.3
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


def test_where_no_temperature_is_best_there_is_none() -> None:
    logits, _ = drawn(200, 3, 1.0)
    assert metrics.fit_temperature(logits, logits.argmax(axis=1)) is None, "ever surer is ever better"
    assert metrics.fit_temperature(logits, logits.argmin(axis=1)) is None, "ever less sure is"
    assert metrics.fit_temperature(np.full((3, 2), np.nan), np.array([0, 1, 0])) is None
    assert COLDEST < 1 < HOTTEST
