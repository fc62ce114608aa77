"""Matrices whose intruders are known because they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from tunefork.errors import ConfigError
from tunefork.spectra import change_of, count_intruders, similarities
from tunefork.spectra.change import check_settings


def basis(size: int, count: int, seed: int = 0) -> np.ndarray:
    """[size, count] orthonormal columns."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, count)))[0]


def pretrained(rows: int, columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W0 with singular values from 10 down to 1, its left vectors and its right ones."""
    rank = min(rows, columns)
    left, right = basis(rows, rank, seed), basis(columns, rank, seed + 1)
    return left @ np.diag(np.linspace(10, 1, rank)) @ right.T, left, right


def test_nothing_changed() -> None:
    base, *_ = pretrained(48, 32)
    found = change_of(base, base)
    assert (found.norm, found.spectral_norm, found.effective_rank, found.stable_rank) == (0, 0, 0, 0)
    np.testing.assert_allclose(found.similarities, 1, atol=1e-9)
    assert len(found.similarities) == 10
    assert found.base_norm == pytest.approx(np.linalg.norm(np.linspace(10, 1, 32)))


def test_directions_outside_the_pretrained_matrix_are_intruders() -> None:
    base, left, right = pretrained(48, 32)
    outside = np.random.default_rng(9).normal(size=(48, 2))
    outside = np.linalg.qr(outside - left @ (left.T @ outside))[0]  # orthogonal to all 32 left vectors
    change = outside @ np.diag([30.0, 20.0]) @ right[:, -2:].T
    found = change_of(base, base + change)
    assert count_intruders(found.similarities) == 2
    assert found.similarities[0] < 0.06  # what is left is the old share of that right vector, 1 beside 30
    assert found.similarities[1] < 0.08
    assert min(found.similarities[2:]) > 0.99
    assert (found.norm, found.spectral_norm) == (pytest.approx(np.hypot(30, 20)), pytest.approx(30))
    assert found.stable_rank == pytest.approx(1300 / 900)


def test_a_square_matrix_spans_everything_and_still_has_an_intruder() -> None:
    base, left, right = pretrained(64, 64)
    mixed = left @ np.ones(64) / 8  # 1/8 of every left vector
    found = change_of(base, base + 100 * np.outer(mixed, right[:, 0]))
    assert count_intruders(found.similarities) == 1
    assert found.similarities[0] == pytest.approx(1 / 8, abs=0.1)
    assert found.effective_rank == pytest.approx(1)


def test_a_direction_that_grows_is_no_intruder() -> None:
    base, left, right = pretrained(32, 48)
    found = change_of(base, base + 50 * np.outer(left[:, 20], right[:, 20]))
    assert found.similarities[0] == pytest.approx(1)
    assert count_intruders(found.similarities) == 0


def test_an_intruder_below_the_first_vectors_is_not_looked_at() -> None:
    base, left, right = pretrained(48, 32)
    outside = np.random.default_rng(9).normal(size=48)
    outside -= left @ (left.T @ outside)
    small = 4.3 * np.outer(outside / np.linalg.norm(outside), right[:, -1])  # about the 20th singular value
    assert count_intruders(change_of(base, base + small, top_k=10).similarities) == 0
    assert count_intruders(change_of(base, base + small, top_k=32).similarities) == 1


def test_the_threshold_is_not_an_intruder_itself() -> None:
    assert count_intruders((0.5, 0.4999, 0.9, 0.1), 0.5) == 2
    assert count_intruders((0.5, 0.4999, 0.9, 0.1), 0.95) == 4


def test_fewer_vectors_than_are_asked_for() -> None:
    base, *_ = pretrained(6, 20)
    assert len(similarities(np.linalg.svd(base)[0], base, top_k=50)) == 6


def test_settings_that_cannot_be_meant() -> None:
    check_settings(1, 1.0)
    with pytest.raises(ConfigError, match=r"^top_k must be at least 1 but got 0 \(changes\)\. Write 10\.$"):
        check_settings(0, 0.5)
    for threshold in (0.0, 1.01, -1.0):
        with pytest.raises(ConfigError, match=r"threshold must be above 0 and at most 1 but got"):
            check_settings(10, threshold)
