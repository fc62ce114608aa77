"""Fewer rows of splits that are there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tunefork.data.values import Split, Splits
from tunefork.problem import Labels, problem_of


def fewer(splits: Splits, rows: Mapping[str, int], seed: int = 0) -> Splits:
    """At most so many rows of each split, drawn with a seed, in the order in which they were.

    Of training rows, every class or label keeps one. A larger number takes the same rows and others.

    Args:
        splits: to draw from.
        rows: by split; those that are not named stay whole.
        seed: of the draw.
    """
    made = {split.name: _fewer(split, rows.get(split.name, len(split)), seed) for split in splits.present()}
    if all(len(made[split.name]) == len(split) for split in splits.present()):
        return splits
    return replace(splits, train=made["train"], validation=made.get("validation"), test=made.get("test"), hash="")


def _fewer(split: Split, rows: int, seed: int) -> Split:
    if rows >= len(split):
        return split
    order = np.random.default_rng([seed, ("train", "validation", "test").index(split.name)]).permutation(len(split))
    if split.name == "train":
        first = _first(split.labels[order])
        order = np.concatenate([order[first], np.delete(order, first)])
    return _taken(split, np.sort(order[:rows]))


def _first(labels: Labels) -> NDArray[np.int64]:
    """The places where each class or label is first, ascending: of numbers none, which are not to be all different."""
    problem = problem_of(labels)
    if problem == "regression":
        return np.empty(0, dtype=np.int64)
    if problem == "multi_label":
        return np.unique(labels.argmax(axis=0)[labels.any(axis=0)])
    return np.sort(np.unique(labels, return_index=True)[1])


def _taken(split: Split, places: NDArray[np.int64]) -> Split:
    images = split.images and replace(split.images, hashes=tuple(split.images.hashes[place] for place in places),
                                      places=split.images.places[places])  # fmt: skip
    return Split(
        split.name,
        tuple(split.texts[place] for place in places) if split.texts else split.texts,
        split.labels[places],
        tuple(split.ids[place] for place in places),
        images,
    )
