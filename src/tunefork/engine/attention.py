"""Attention over packed sequences, for any of transformers' models that ask the attention interface.

A packed batch is one row of tokens in which sequences follow one another, run after run. Token-wise work sees it as it
is; here the sequences are gathered into buckets of similar length, attend, and are put back. Buckets are padded to a
multiple of 32 keys, since torch's softmax on a CPU is ten times slower on other lengths, and cut into pieces whose
scores stay in the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from tunefork.engine.buckets import Bucket, Layout
from tunefork.engine.randomness import keep_mask

NAME = "tunefork_packed"
KEPT = 2**28
"""Bytes of attention probabilities that all blocks together may keep for backward; beyond, they are recomputed."""


@lru_cache(maxsize=64)
def _ordered(length: int, causal: bool, window: int | None, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """[1, L, L] additive: -inf where a query may not look, because of order or distance."""
    distance = torch.arange(length, device=device)[:, None] - torch.arange(length, device=device)
    hidden = distance < 0 if causal else torch.zeros_like(distance, dtype=torch.bool)
    if window is not None:
        hidden |= distance.abs() >= window
    return torch.zeros(length, length, dtype=dtype, device=device).masked_fill_(hidden, -torch.inf)[None]


@dataclass(frozen=True)
class Rules:
    """Who may look at whom, how scores are scaled, and how much dropout there is."""

    scale: float
    causal: bool
    window: int | None
    dropout: float
    recompute: bool


def _bias(layout: Layout, number: int, rules: Rules, like: torch.Tensor) -> torch.Tensor | None:
    """Added to a bucket's scores, [S·heads or 1, queries or 1, keys]; None where everybody sees everything.

    The same in every block and in backward, so it is built once a batch.
    """
    key = (number, rules.causal, rules.window, like.dtype)
    if key not in layout.biases:
        layout.biases[key] = _build_bias(layout.buckets[number], layout.heads, rules, layout.pooled, like)
    return layout.biases[key]


def _build_bias(bucket: Bucket, heads: int, rules: Rules, pooled: bool, like: torch.Tensor) -> torch.Tensor | None:
    ordered = None
    if not pooled and (rules.causal or rules.window is not None):
        ordered = _ordered(bucket.length, rules.causal, rules.window, like.dtype, like.device)[:, : bucket.queries]
    if not bucket.padded or (rules.causal and not pooled):  # a causal query never reaches the padding behind it
        return ordered
    lengths = np.ones(len(bucket.rows), dtype=np.int64)  # rows that are all padding see one place, for softmax's sake
    lengths[: len(bucket.lengths)] = bucket.lengths
    hidden = np.arange(bucket.length) >= lengths[:, None]
    padding = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device)
    padding.masked_fill_(torch.from_numpy(hidden).to(like.device), -torch.inf)
    padding = padding[:, None, None].expand(-1, heads, 1, -1).reshape(-1, 1, bucket.length)
    if ordered is None:
        return padding
    both = padding + ordered
    # A padded query outside every window would see nothing at all, and its softmax would be NaN.
    return both.masked_fill_((both == -torch.inf).all(dim=-1, keepdim=True), 0.0)


class _Attend(torch.autograd.Function):
    """softmax(scale · q kᵀ + bias) v, bucket by bucket (Vaswani et al. 2017, equation 1)."""

    @staticmethod
    def forward(
        ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: Layout, rules: Rules
    ) -> torch.Tensor:
        """q [queries·heads, d], k and v [rows·heads, d] → [queries·heads, d]."""
        size = q.shape[-1]
        slots = q.new_empty(layout.query_slots + 1, size)
        slots[-1] = 0.0
        at = 0
        kept: list[torch.Tensor | None] = []
        for number in range(len(layout.buckets)):
            parts = _parts(q, k, v, layout, number, rules.scale)
            found = _probabilities(*parts[:2], layout, number, rules)
            mask = None
            if rules.dropout:
                mask = keep_mask(found.shape, rules.dropout, found.dtype, found.device)
            rows = parts[0].shape[0] * parts[0].shape[1]
            seen = found if mask is None else found * mask
            torch.bmm(seen, parts[2], out=slots[at : at + rows].view(parts[0].shape))
            kept += [mask] if rules.recompute else [mask, *parts, found]
            at += rows
        ctx.save_for_backward(q, k, v, *kept)
        ctx.layout, ctx.rules = layout, rules
        return slots.index_select(0, layout.query_back)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of q, k and v."""
        q, k, v, *kept = ctx.saved_tensors
        layout, rules = ctx.layout, ctx.rules
        grad, size = grads[0].contiguous(), q.shape[-1]
        grad_q = q.new_empty(layout.query_slots + 1, size)
        grad_k, grad_v = (q.new_empty(layout.key_slots + 1, size) for _ in range(2))
        for each in (grad_q, grad_k, grad_v):
            each[-1] = 0.0
        at = key_at = 0
        for number in range(len(layout.buckets)):
            mask = kept.pop(0)
            if rules.recompute:
                parts = _parts(q, k, v, layout, number, rules.scale)
                found = _probabilities(*parts[:2], layout, number, rules)
            else:
                parts, found, kept = (kept[0], kept[1], kept[2]), kept[3], kept[4:]
            query, key, value = parts
            rows, keys = query.shape[0] * query.shape[1], key.shape[0] * key.shape[1]
            own = grad.index_select(0, layout.queries[number]).view(query.shape)
            seen = found if mask is None else found * mask
            torch.bmm(seen.transpose(1, 2), own, out=grad_v[key_at : key_at + keys].view(key.shape))
            inner = torch.bmm(own, value.transpose(1, 2))
            inner = inner if mask is None else inner.mul_(mask)
            inner = torch._softmax_backward_data(inner, found, -1, found.dtype)
            torch.bmm(inner, key, out=grad_q[at : at + rows].view(query.shape))
            torch.bmm(inner.transpose(1, 2), query, out=grad_k[key_at : key_at + keys].view(key.shape))
            at, key_at = at + rows, key_at + keys
        grad_q.mul_(rules.scale)
        back = (layout.query_back, layout.key_back, layout.key_back)
        return (*(each.index_select(0, places) for each, places in zip((grad_q, grad_k, grad_v), back)), None, None)


def _parts(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: Layout, number: int, scale: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One bucket's scaled queries, keys and values: [S·heads, length, d]."""
    batch = len(layout.buckets[number].rows) * layout.heads
    query = q.index_select(0, layout.queries[number]).view(batch, -1, q.shape[-1]).mul_(scale)
    key = k.index_select(0, layout.keys[number]).view(batch, -1, q.shape[-1])
    value = v.index_select(0, layout.keys[number]).view(batch, -1, q.shape[-1])
    return query, key, value


def _probabilities(query: torch.Tensor, key: torch.Tensor, layout: Layout, number: int, rules: Rules) -> torch.Tensor:
    """[S·heads, queries, keys]."""
    bias = _bias(layout, number, rules, query)
    keys = key.transpose(1, 2)
    return torch.softmax(torch.bmm(query, keys) if bias is None else torch.baddbmm(bias, query, keys), dim=-1)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    packing: Any = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """transformers' attention interface: q, k, v as [B, heads, tokens, d] → [B, tokens, heads, d].

    B is 1 for packed texts, and the number of images. ``packing`` is the batch; it holds the whole sequences' keys and
    values where only the pooled tokens ask (the last block).
    """
    heads, size = query.shape[1], query.shape[3]
    pooled = packing.whole is not None
    if pooled:
        key, value = packing.take_whole(heads, size)
    groups = heads // key.shape[1]
    if groups > 1:  # grouped-query attention (Ainslie et al. 2023): several query heads share a key's
        key, value = (each.repeat_interleave(groups, dim=1) for each in (key, value))
    layout = packing.spans.layout(heads, pooled)
    rules = Rules(
        scale=size**-0.5 if scaling is None else scaling,
        causal=bool(getattr(module, "is_causal", False)),
        window=sliding_window,
        dropout=dropout,
        recompute=layout.scores() * query.element_size() * packing.blocks > KEPT,
    )
    flat = [each.transpose(1, 2).reshape(-1, size) for each in (query, key, value)]
    found = _Attend.apply(*flat, layout, rules)  # type: ignore[no-untyped-call] # torch has no types for it
    return found.view(query.shape[0], -1, heads, size), None


def install() -> None:
    """Make transformers know ``NAME``."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)


def _no_mask(*_: Any, **__: Any) -> None:
    """Boundaries are known; transformers need not build a mask."""
