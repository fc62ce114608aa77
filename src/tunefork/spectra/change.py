"""What training did to one matrix: how far and in how many directions it moved, and the directions that are new.

Intruder dimensions are those of Shuttleworth, Andreas, Torralba and Sharma 2024, "LoRA vs Full Fine-tuning: An Illusion
of Equivalence", arXiv 2410.21228, algorithm 1: of the k left singular vectors of the tuned matrix with the largest
singular values, those whose cosine similarity with every left singular vector of the pretrained matrix is below ε.
Signs of singular vectors mean nothing, so the absolute value is taken, as the authors' program does
(github.com/reeceshuttle/intruder-dimensions, ``find_intruder_dimensions.py``). Its defaults, k = 10 and ε = 0.5, are
the defaults here; the paper also varies both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunefork.errors import ConfigError
from tunefork.spectra.singular import (
    Floats,
    effective_rank,
    left_vectors,
    singular_values,
    stable_rank,
    top_left_vectors,
)

TOP_K = 10
"""Singular vectors of the tuned matrix that are looked at, from the largest."""
THRESHOLD = 0.5
"""ε: a vector is an intruder where no pretrained one is as similar as this."""


@dataclass(frozen=True)
class Change:
    """ΔW = W − W0 of one matrix, in numbers."""

    norm: float
    """‖ΔW‖_F."""
    base_norm: float
    """‖W0‖_F."""
    spectral_norm: float
    """‖ΔW‖_2."""
    effective_rank: float
    stable_rank: float
    similarities: tuple[float, ...]
    """Of each of the first singular vectors of W the largest absolute cosine similarity with one of W0."""


def change_of(base: Floats, tuned: Floats, top_k: int = TOP_K, left: Floats | None = None) -> Change:
    """What became of a matrix.

    Args:
        base: [outputs, inputs] W0, float64.
        tuned: [outputs, inputs] W, float64.
        top_k: singular vectors of W that are looked at; as many as there are where there are fewer.
        left: the left singular vectors of W0, where they are known.

    >>> found = change_of(np.diag([3.0, 2.0, 0.0])[:, :2], np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 9.0]]), top_k=2)
    >>> found.norm, round(found.effective_rank, 6), [round(each, 2) for each in found.similarities]
    (9.0, 1.0, [0.22, 1.0])
    """
    values = singular_values(tuned - base)
    return Change(
        norm=float(np.sqrt(np.square(values).sum())),
        base_norm=float(np.linalg.norm(base)),
        spectral_norm=float(values.max(initial=0.0)),
        effective_rank=effective_rank(values),
        stable_rank=stable_rank(values),
        similarities=similarities(left_vectors(base) if left is None else left, tuned, top_k),
    )


def similarities(left: Floats, tuned: Floats, top_k: int = TOP_K) -> tuple[float, ...]:
    """[top_k] max_i |cos(u0_i, u_j)| for the first singular vectors u_j of a tuned matrix.

    Args:
        left: [outputs, n] the left singular vectors u0_i of the pretrained matrix.
        tuned: [outputs, inputs].
        top_k: how many u_j.
    """
    cosines = np.abs(top_left_vectors(tuned, top_k).T @ left)  # all vectors are of length 1
    return tuple(float(each) for each in cosines.max(axis=1))


def count_intruders(found: Sequence[float], threshold: float = THRESHOLD) -> int:
    """How many of these similarities are below ε.

    >>> count_intruders([0.98, 0.31, 0.5])
    1
    """
    return sum(each < threshold for each in found)


def check_settings(top_k: int, threshold: float) -> None:
    """Refuse settings that cannot be meant.

    Raises:
        ConfigError: fewer than one vector, or an ε that is no cosine similarity.
    """
    if top_k < 1:
        raise ConfigError(f"top_k must be at least 1 but got {top_k}", where="changes", fix=f"Write {TOP_K}.")
    if not 0 < threshold <= 1:
        raise ConfigError(
            f"threshold must be above 0 and at most 1 but got {threshold:g}", where="changes", fix=f"Write {THRESHOLD}."
        )
