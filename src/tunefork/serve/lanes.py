"""Lanes: what computes together. Models on one backbone share a pass; a model that changed its backbone has its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tunefork.data import EncodedSplit
from tunefork.engine import GroupModel
from tunefork.predictor import Predictor, RowReader, logits_of

Asked = tuple[int, Any]
"""A model, by its place in the lane, and encoded rows."""


class Lane(Protocol):
    """Models that answer together."""

    def reader(self, model: int) -> RowReader:
        """What reads the rows of one of its models."""

    def answer(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        """Logits [n, classes] in fp32, for each that is asked."""


class AloneLane:
    """One model of a kind that the engine does not know, as transformers, PEFT or onnxruntime compute it."""

    def __init__(self, predictor: Predictor, pad_id: int) -> None:
        self._predictor, self._pad_id = predictor, pad_id

    def reader(self, model: int) -> RowReader:
        """Its own."""
        return self._predictor.reader

    def answer(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        """All rows in one batch."""
        splits = [split for _, split in asked]
        logits = logits_of(
            self._predictor.model, _joined(splits), len(self._predictor.labels), self._pad_id, sum(map(len, splits))
        )
        return np.split(logits, np.cumsum([len(split) for split in splits])[:-1])


class SharedLane:
    """Adapters and heads on one backbone, in one pass without padding; or a whole model, with its head.

    Args:
        group: the backbone with what they add to it.
        readers: of each model.
        labels: of each model, how many numbers it gives.
        pad_id: fills up rows that are not packed.
    """

    def __init__(self, group: GroupModel, readers: Sequence[RowReader], labels: Sequence[int], pad_id: int) -> None:
        self._group, self._readers, self._labels, self._pad_id = group, tuple(readers), tuple(labels), pad_id

    def reader(self, model: int) -> RowReader:
        """Of one model."""
        return self._readers[model]

    def answer(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        """One pass for those models that are asked, those with equally many tokens side by side."""
        tokens: dict[int, int] = {}
        for model, split in asked:
            tokens[model] = tokens.get(model, 0) + int(split.lengths.sum())
        models = sorted(tokens, key=lambda model: (self._group.places(tokens[model]), model))
        turns = {model: turn for turn, model in enumerate(models)}
        order = sorted(range(len(asked)), key=lambda place: turns[asked[place][0]])
        splits = [asked[place][1] for place in order]
        counts = [0] * len(models)
        for model, split in asked:
            counts[turns[model]] += len(split)
        self._group.members.active = tuple(models)
        logits = self._group.answer(_joined(splits), counts, self._pad_id)
        found: list[np.ndarray] = [logits] * len(asked)
        for place, part in zip(order, np.split(logits, np.cumsum([len(split) for split in splits])[:-1])):
            found[place] = part[:, : self._labels[asked[place][0]]]
        return found


def _joined(splits: Sequence[EncodedSplit]) -> EncodedSplit:
    return type(splits[0]).joined(splits)
