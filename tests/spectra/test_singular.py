from __future__ import annotations

import math

import numpy as np
import pytest

from tunefork.spectra import effective_rank, left_vectors, singular_values, stable_rank, top_left_vectors


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("shape", [(40, 40), (24, 60), (60, 24), (5, 1)])
@pytest.mark.parametrize("count", [1, 10])
def test_the_first_left_vectors_are_those_of_a_whole_decomposition(shape: tuple[int, int], count: int) -> None:
    matrix = noise(*shape)
    whole = np.linalg.svd(matrix)[0][:, : min(count, *shape)]
    found = top_left_vectors(matrix, count)
    assert found.shape == whole.shape
    np.testing.assert_allclose(np.abs((found * whole).sum(axis=0)), 1, atol=1e-10)


def test_vectors_without_a_singular_value_are_still_of_length_one() -> None:
    for matrix in (noise(9, 1) @ noise(1, 4, seed=1), noise(4, 1) @ noise(1, 9, seed=1)):
        found = top_left_vectors(matrix, 3)
        np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-12)


def test_left_vectors_and_values_rebuild_the_matrix() -> None:
    matrix = noise(7, 4)
    left = left_vectors(matrix)
    assert left.shape == (7, 4)
    np.testing.assert_allclose(np.linalg.norm(left.T @ matrix, axis=1), singular_values(matrix), atol=1e-12)
    np.testing.assert_allclose(left @ (left.T @ matrix), matrix, atol=1e-12)


def test_effective_rank_by_hand() -> None:
    # shares 1/2, 1/4, 1/4: the entropy is 1.5 bits
    assert effective_rank(np.array([4.0, 2.0, 2.0])) == pytest.approx(2**1.5)
    assert effective_rank(np.ones(17)) == pytest.approx(17)
    assert effective_rank(np.zeros(4)) == 0
    assert effective_rank(np.array([5.0, 0.0])) == 1
    assert effective_rank(1e-30 * np.ones(3)) == pytest.approx(3)


def test_effective_rank_is_scipy_s_entropy() -> None:
    from scipy.stats import entropy

    values = singular_values(noise(30, 20))
    assert effective_rank(values) == pytest.approx(math.exp(entropy(values)))
    low = singular_values(noise(30, 3) @ noise(3, 20, seed=1))
    assert 1 < effective_rank(low) <= 3 + 1e-9


def test_stable_rank_by_hand() -> None:
    assert stable_rank(np.array([2.0, 1.0, 1.0])) == 1.5
    assert stable_rank(np.zeros(3)) == 0
    matrix = noise(12, 8)
    expected = np.linalg.norm(matrix) ** 2 / np.linalg.norm(matrix, 2) ** 2
    assert stable_rank(singular_values(matrix)) == pytest.approx(expected)
    assert stable_rank(singular_values(1e-200 * matrix)) == pytest.approx(expected), "no square underflows"
