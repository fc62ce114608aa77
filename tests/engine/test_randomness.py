"""Dropout masks: their rate at every place of a draw, and whose they are."""

from __future__ import annotations

import pytest
import torch

from tunefork.engine.members import Members
from tunefork.engine.randomness import Draws, RunDropout, keep_mask

CPU = torch.device("cpu")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_each_of_the_four_elements_of_a_draw_has_the_rate(rate: float) -> None:
    generator = torch.Generator().manual_seed(0)
    mask = keep_mask((100_000, 4), rate, torch.float64, CPU, generator)
    dropped = (mask == 0).double().mean(dim=0)
    torch.testing.assert_close(dropped, torch.full_like(dropped, rate), atol=0.006, rtol=0)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)], rel=1e-4)
    together = (mask == 0).double()
    assert float(together.T.corrcoef().fill_diagonal_(0).abs().max()) < 0.01, "the elements of a draw are independent"


def test_a_mask_of_any_shape() -> None:
    assert keep_mask((3, 5), 0.0, torch.float32, CPU).tolist() == [[1.0] * 5] * 3


def test_a_run_draws_the_same_masks_alone_and_in_company() -> None:
    members = Members(2, tokens=(32, 64), width=96)
    together = RunDropout([0.3, 0.3], Draws([4, 5], members), "here").train()(torch.ones(1, 96, 8))
    for seed, first, end in ((4, 0, 32), (5, 32, 96)):
        own = Members(1, tokens=(end - first,), width=end - first)
        alone = RunDropout([0.3], Draws([seed], own), "here").train()(torch.ones(1, end - first, 8))
        assert torch.equal(together[:, first:end], alone)
