"""What is timed where rows or weights are out of reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tunefork.config import LoRAStrategy, RunConfig, TrainingConfig
from tunefork.data import ImageSplit, TokenSplit
from tunefork.engine import Precision, Rows, choose_precision
from tunefork.models import Backbone, image_tokens, load_backbone
from tunefork.plan import StepTiming
from tunefork.strategies import select
from tunefork.study import standing_in
from tunefork.study.standing_in import made_up, scaled


@pytest.fixture
def backbone(tiny_folder: Path) -> Backbone:
    return load_backbone(str(tiny_folder), ("a", "b"))


def rows(backbone: Backbone, tokens: int) -> Rows:
    return Rows(made_up(backbone, {"train": np.zeros(5_000, dtype=np.int64)}, tokens)["train"], None, None, 0)


def test_made_up_rows_are_as_many_and_as_long_and_take_no_memory(backbone: Backbone) -> None:
    labels = np.arange(100_000) % 2
    split = made_up(backbone, {"train": labels}, 80)["train"]
    assert isinstance(split, TokenSplit)
    assert len(split) == 100_000
    assert set(split.lengths) == {80}
    assert {each.shape for each in split.tokens} == {(80,)}
    assert len({id(each) for each in split.tokens}) == 64
    assert max(int(each.max()) for each in split.tokens[:64]) < backbone.model.config.vocab_size
    assert split.labels is labels


def test_pictures_have_the_model_s_size() -> None:
    model = load_backbone("builtin:vit-fashion", tuple("abc"))
    assert model.images is not None
    split = made_up(model, {"train": np.arange(1_000) % 3}, 0)["train"]
    assert isinstance(split, ImageSplit)
    assert split.pixels.array.shape == (64, model.images.height, model.images.width, 3)
    assert split.bytes_of(np.array([0, 999])).shape[0] == 2
    assert split.lengths[0] == image_tokens(model)


def timed_as(
    monkeypatch: pytest.MonkeyPatch, backbone: Backbone, tokens: int, device: str = "cpu", **training: Any
) -> tuple[StepTiming, list[tuple[int, int]]]:
    """The timing of a run whose steps take 0.5 s and 0.25 s a row, and what was measured for it: rows, accumulation."""
    seen = []

    def timed(_: Backbone, runs: Sequence[RunConfig], *rest: Any, steps: int) -> StepTiming:
        given = runs[0].training
        seen.append((given.batch_size, given.accumulation))
        assert steps == 3
        return StepTiming(0.5 + 0.25 * given.batch_size * given.accumulation, 0.1, 0.05)

    monkeypatch.setattr(standing_in, "timed", timed)
    run = RunConfig(strategy=LoRAStrategy(rank=2), training=TrainingConfig.model_validate(training), seed=0)
    precision = Precision(torch.device(device), torch.float32)
    return scaled(backbone, [run], [], rows(backbone, tokens), precision), seen


def test_large_steps_are_told_from_two_small_ones(monkeypatch: pytest.MonkeyPatch, backbone: Backbone) -> None:
    timing, seen = timed_as(monkeypatch, backbone, 512, batch_size=32, accumulation=4)
    assert seen == [(1, 1), (4, 1)]
    assert timing == StepTiming(0.5 + 0.25 * 128, 0.1, 0.05)


def test_small_steps_are_timed_as_they_are(monkeypatch: pytest.MonkeyPatch, backbone: Backbone) -> None:
    timing, seen = timed_as(monkeypatch, backbone, 32, batch_size=16, accumulation=2)
    assert seen == [(16, 2)]
    assert timing.step_seconds == 0.5 + 0.25 * 32


def test_an_accelerator_is_not_spared(monkeypatch: pytest.MonkeyPatch, backbone: Backbone) -> None:
    _, seen = timed_as(monkeypatch, backbone, 512, device="cuda", batch_size=32, accumulation=4)
    assert seen == [(32, 4)]


@pytest.mark.parametrize(("small", "whole"), [(1.2, 1.0 + 60 * 0.125), (0.0, 1.0 + 60 * 0.25)])
def test_noise_makes_no_step_much_shorter_or_longer_than_its_rows(small: float, whole: float) -> None:
    found = standing_in.larger(StepTiming(small, 0.1), StepTiming(1.0, 0.1), few=1, most=4, whole=64)
    assert found.step_seconds == pytest.approx(whole)


def test_steps_are_timed_on_the_rows_that_were_made_up(backbone: Backbone) -> None:
    training = TrainingConfig(batch_size=40, eval_batch_size=4)
    run = RunConfig(strategy=LoRAStrategy(rank=2), training=training, seed=0)
    selection = select(run.strategy, backbone.anatomy, backbone.bare())
    timing = scaled(backbone, [run], [selection], rows(backbone, 64), choose_precision("fp32"))
    assert timing.step_seconds > 0
    assert timing.row_seconds > 0
