"""AdamW over seen rows ≡ torch's AdamW over all of them."""

from __future__ import annotations

import torch
from torch import nn

from tunefork.engine.rows import SeenRows
from tunefork.engine.slots import Slot


def test_it_is_torch_s_adamw_over_the_whole_table() -> None:
    torch.manual_seed(0)
    start = torch.randn(5000, 4, dtype=torch.float64)
    ours, theirs = nn.Embedding(5000, 4, sparse=True), nn.Embedding(5000, 4)
    ours.weight, theirs.weight = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    rows = SeenRows(ours, Slot("words.weight", "backbone", ours.weight, "direct"), (0.9, 0.999), 1e-8, 0.1)
    plain = torch.optim.AdamW(theirs.parameters(), lr=0.0, weight_decay=0.1)
    generator = torch.Generator().manual_seed(1)
    for step in range(30):
        rate = 1e-2 * (step + 1)
        ids = torch.randint(0, 5000, (200,), generator=generator)
        weights = torch.randn(200, 4, dtype=torch.float64, generator=generator)
        assert torch.allclose(ours(ids), theirs(ids), rtol=1e-12), "what is read is up to date"
        (ours(ids) * weights).sum().backward()
        (theirs(ids) * weights).sum().backward()
        values = rows.collect()
        assert len(values) == len(ids.unique())
        rows.step(rate, torch.tensor(0.5, dtype=torch.float64))
        assert theirs.weight.grad is not None
        theirs.weight.grad.mul_(0.5)
        plain.param_groups[0]["lr"] = rate
        plain.step()
        plain.zero_grad()
        if step % 10 == 9:
            rows.settle()
            torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-10, atol=1e-12)
    assert 1024 < len(rows._seen) < 5000, "the table has grown, and not everything was seen"


def test_a_step_without_a_gradient_still_decays_and_moves() -> None:
    embedding = nn.Embedding(10, 2, sparse=True)
    rows = SeenRows(embedding, Slot("words.weight", "backbone", embedding.weight, "direct"), (0.9, 0.99), 1e-8, 0.5)
    before = embedding.weight.detach().clone()
    assert rows.collect().shape == (0, 2)
    rows.step(0.1, torch.tensor(1.0))
    rows.settle()
    torch.testing.assert_close(embedding.weight.detach(), before * 0.95)


def test_a_table_that_is_up_to_date_is_not_written_again() -> None:
    """Evaluation asks before every batch."""
    embedding = nn.Embedding(10, 2, sparse=True)
    rows = SeenRows(embedding, Slot("words.weight", "backbone", embedding.weight, "direct"), (0.9, 0.99), 1e-8, 0.5)
    embedding(torch.tensor([1, 2])).sum().backward()
    rows.collect()
    rows.step(0.1, torch.tensor(1.0))
    rows.settle()
    version = embedding.weight._version
    rows.settle()
    assert embedding.weight._version == version
    rows.step(0.1, torch.tensor(1.0))
    rows.settle()
    assert embedding.weight._version > version
