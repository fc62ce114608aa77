from __future__ import annotations

import pytest

from tunefork.config import TrainingConfig
from tunefork.plan import (
    Sizes,
    StepTiming,
    estimate_memory_mib,
    estimate_seconds,
    evaluation_interval,
    steps_per_epoch,
    total_steps,
    warmup_steps,
)


@pytest.mark.parametrize(
    ("rows", "settings", "steps"),
    [
        (100, {"epochs": 1, "batch_size": 10}, 10),
        (101, {"epochs": 2, "batch_size": 10}, 22),
        (100, {"epochs": 0.25, "batch_size": 10}, 3),
        (100, {"epochs": 1, "batch_size": 10, "accumulation": 3}, 4),
        (100, {"epochs": 9, "steps": 7}, 7),
        (3, {"epochs": 1, "batch_size": 16}, 1),
    ],
)
def test_total_steps(rows: int, settings: dict[str, float], steps: int) -> None:
    assert total_steps(rows, TrainingConfig(**settings)) == steps


def test_intervals_and_warmup() -> None:
    assert steps_per_epoch(33, TrainingConfig(batch_size=16)) == 3
    assert evaluation_interval(160, TrainingConfig(batch_size=16)) == 10
    assert evaluation_interval(160, TrainingConfig(batch_size=16, eval_every="0.5 epochs")) == 5
    assert evaluation_interval(160, TrainingConfig(batch_size=16, eval_every=7)) == 7
    assert evaluation_interval(16, TrainingConfig(batch_size=16, eval_every="0.1 epochs")) == 1
    assert (warmup_steps(927, TrainingConfig(warmup=500)), warmup_steps(927, TrainingConfig(warmup=0.06))) == (500, 56)


def test_seconds_count_every_evaluation() -> None:
    timing = StepTiming(step_seconds=1.0, row_seconds=0.1)
    training = TrainingConfig(epochs=2, batch_size=10, eval_every=6)
    # 20 steps; evaluations at 6, 12, 18 and 20; 30 rows each, then 50 of test
    assert estimate_seconds(timing, training, 100, 30, 50) == pytest.approx(20 + (4 * 30 + 50) * 0.1)
    assert estimate_seconds(timing, training, 100, 0, 50) == pytest.approx(25)


def test_memory_follows_the_cited_formula() -> None:
    sizes = Sizes(parameters=1000, trainable=100, blocks=2, hidden=64, heads=4, tokens=16, compute_bytes=2)
    per_block = 64 * 16 * 34 + 5 * 4 * 16 * 16
    assert estimate_memory_mib(sizes, 8) == pytest.approx((2000 + 1600 + 2 * 8 * per_block) / 2**20)
