"""What the machine could do: its bf16 matrix rate, and the products that the study cannot do without."""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch

from tunefork.config import RunConfig
from tunefork.models import Anatomy
from tunefork.strategies import Selection, frozen_depth


def matmul_rate(device: str, rows: int = 4096) -> float:
    """Floating-point operations per second of bf16 products in the sizes of this model's MLP (rows × 384 × 1536)."""
    x, weight = torch.randn(rows, 384).bfloat16().to(device), torch.randn(1536, 384).bfloat16().to(device)
    took = []
    for _ in range(30):
        began = time.perf_counter()
        torch.nn.functional.linear(x, weight)
        if device == "cuda":
            torch.cuda.synchronize()
        took.append(time.perf_counter() - began)
    return 2 * rows * 384 * 1536 / statistics.median(took[5:])


def flops(run: RunConfig, selection: Selection, anatomy: Anatomy, lengths: np.ndarray) -> float:
    """Products for one epoch of a run over texts of these lengths, without any that could be left out.

    Linears of the blocks: two operations a weight and token in the forward pass, as many for the gradient of the
    activations, as many for that of trained weights. Attention: 4 · length² · width forward, twice that backward. The
    last block's queries, output and MLP are needed for one token a text. Nothing is needed backward below the lowest
    trained block, and frozen blocks below it once per text.
    """
    tokens, squares, texts = float(lengths.sum()), float((lengths.astype(float) ** 2).sum()), float(len(lengths))
    depth, last = frozen_depth(anatomy, selection), len(anatomy.blocks) - 1
    total = 0.0
    for number in range(len(anatomy.blocks)):
        linears = [linear for linear in anatomy.linears if linear.block == number]
        width = linears[0].inputs
        whole = sum(
            each.inputs * each.outputs for each in linears if number < last or {"key", "value"} & set(each.roles)
        )
        rest = sum(each.inputs * each.outputs for each in linears) - whole
        forward = 2 * (whole * tokens + rest * texts) + 4 * width * (squares if number < last else tokens)
        if number < depth:
            total += forward
            continue
        trained = 1 if f"{anatomy.blocks[number]}." in " ".join(selection.backbone) else 0
        linear_part = 2 * (whole * tokens + rest * texts)
        total += forward + linear_part * (1 + trained) + 2 * (forward - linear_part)
        total += sum(
            6 * (tokens if number < last else texts) * adapter.parameters
            for adapter in selection.adapters
            if adapter.module.startswith(f"{anatomy.blocks[number]}.")
        )
    return total


def evaluation_flops(anatomy: Anatomy, lengths: np.ndarray) -> float:
    """Products for one pass over texts: the forward part of ``flops``."""
    from tunefork.config import HeadStrategy, TrainingConfig
    from tunefork.strategies.head import select_head

    return flops(RunConfig(strategy=HeadStrategy(), training=TrainingConfig()), select_head(anatomy), anatomy, lengths)
