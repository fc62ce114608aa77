"""Attention in buckets against plain autograd: values, gradients, dropout, windows, recomputation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tunefork.engine import buckets
from tunefork.engine.attention import Rules, _Attend
from tunefork.engine.buckets import Layout, Spans

LENGTHS = np.array([40, 33, 32, 7, 1])
HEADS, SIZE = 2, 4


def spans() -> Spans:
    starts = np.cumsum(LENGTHS) - LENGTHS
    return Spans(starts, LENGTHS, np.full(len(LENGTHS), LENGTHS.sum() + 2), torch.device("cpu"))


def inputs(rows: int) -> torch.Tensor:
    return torch.randn(rows * HEADS, SIZE, dtype=torch.float64, requires_grad=True)


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, rules: Rules, pooled: bool) -> torch.Tensor:
    """Sequence by sequence, head by head, as the paper writes it."""
    q, k, v = (each.view(-1, HEADS, SIZE) for each in (q, k, v))
    found = torch.zeros_like(q)
    at = 0
    for number, length in enumerate(LENGTHS.tolist()):
        asking = [number] if pooled else list(range(at, at + length))
        for head in range(HEADS):
            scores = q[asking, head] @ k[at : at + length, head].T * rules.scale
            distance = torch.arange(length)[:, None] - torch.arange(length)
            if rules.causal and not pooled:
                scores = scores.masked_fill(distance < 0, -torch.inf)
            if rules.window is not None and not pooled:
                scores = scores.masked_fill(distance.abs() >= rules.window, -torch.inf)
            found[asking, head] = torch.softmax(scores, -1) @ v[at : at + length, head]
        at += length
    return found.view(-1, SIZE)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize(
    ("causal", "window", "pooled"), [(False, None, False), (True, None, False), (False, 5, False), (False, None, True)]
)
def test_buckets_give_what_plain_attention_gives(
    causal: bool, window: int | None, pooled: bool, recompute: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "SCORES", 2 * 64 * 64 * 2)  # several pieces
    torch.manual_seed(0)
    rules = Rules(0.4, causal, window, 0.0, recompute)
    layout = Layout(spans(), HEADS, pooled)
    rows = int(LENGTHS.sum()) + 3
    q, k, v = inputs(len(LENGTHS) if pooled else rows), inputs(rows), inputs(rows)
    found = _Attend.apply(q, k, v, layout, rules)
    expected = plain(q, k, v, rules, pooled)
    real = len(expected) if pooled else int(LENGTHS.sum()) * HEADS
    torch.testing.assert_close(found[:real], expected[:real])
    assert torch.count_nonzero(found[real:]) == 0
    weights = torch.randn_like(expected[:real])
    ours = torch.autograd.grad((found[:real] * weights).sum(), (q, k, v))
    theirs = torch.autograd.grad((expected[:real] * weights).sum(), (q, k, v))
    for mine, other in zip(ours, theirs):
        torch.testing.assert_close(mine, other)


def test_dropout_is_the_same_mask_forward_and_backward() -> None:
    """Numerical derivatives know nothing of how backward was written."""
    torch.manual_seed(0)
    lengths = np.array([5, 3])
    layout = Layout(Spans(np.array([0, 5]), lengths, np.array([8, 8]), torch.device("cpu")), HEADS, False)
    rules = Rules(0.5, False, None, 0.4, False)

    def go(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(7)
        found: torch.Tensor = _Attend.apply(q, k, v, layout, rules)
        return found[: 8 * HEADS]

    q, k, v = inputs(9), inputs(9), inputs(9)
    assert torch.autograd.gradcheck(go, (q, k, v))
    without = _Attend.apply(q, k, v, layout, Rules(0.5, False, None, 0.0, False))[: 8 * HEADS]
    assert not torch.allclose(go(q, k, v), without)


def test_shapes_are_few() -> None:
    """A bucket's sequences are rounded up, so that kernels are found again."""
    counts = set()
    for count in range(40, 80):
        lengths = np.full(count, 20)
        each = Spans(np.arange(count) * 20, lengths, np.full(count, count * 20), torch.device("cpu"))
        counts |= {len(bucket.rows) for bucket in each.buckets(12)}
    assert counts <= {8, 16, 24, 32, 40, 48, 56, 64, 72, 80}


def test_lengths_of_a_bucket_are_multiples_of_the_softmax_s_width() -> None:
    assert {(bucket.queries, bucket.length) for bucket in spans().buckets(HEADS)} == {(16, 32), (32, 32), (48, 64)}
