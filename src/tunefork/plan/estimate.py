"""What runs will cost: seconds from a few timed steps, memory from the architecture's sizes."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.config import TrainingConfig
from tunefork.plan.steps import evaluation_interval, total_steps

PROCESS_MIB = 700.0
"""Memory of a process before it trains: libraries, and what they keep."""


@dataclass(frozen=True)
class StepTiming:
    """Measured on this machine for a group of runs, on real batches."""

    step_seconds: float
    """One optimizer step of the group."""
    row_seconds: float
    """Evaluating one row."""
    prefix_seconds: float = 0.0
    """Taking one row through the frozen prefix, which happens once for each row."""


@dataclass(frozen=True)
class Sizes:
    """What a memory estimate needs to know of a model and its batches."""

    parameters: int
    trainable: int
    blocks: int
    hidden: int
    heads: int
    tokens: float
    """Tokens of one text, on average, with padding."""
    compute_bytes: int
    """Bytes of one number in the compute precision: 2 for bf16, 4 for fp32."""


def estimate_seconds(timing: StepTiming, training: TrainingConfig, train: int, validation: int, test: int) -> float:
    """Wall time of a group: its steps, its evaluations on validation, and the test at the end.

    >>> timing = StepTiming(step_seconds=0.1, row_seconds=0.001)
    >>> estimate_seconds(timing, TrainingConfig(epochs=1, batch_size=10), 100, 50, 200)
    1.25
    """
    steps = total_steps(train, training)
    evaluations = -(-steps // evaluation_interval(train, training)) if validation else 0
    once = (train + validation + test) * timing.prefix_seconds
    return steps * timing.step_seconds + (evaluations * validation + test) * timing.row_seconds + once


def estimate_memory_mib(sizes: Sizes, batch_size: int) -> float:
    """Memory of one run in MiB, without Python and its libraries.

    Weights in the compute precision; 16 bytes for each trainable parameter (master, gradient, two moments); activations
    of ``hidden · tokens · (34 + 5 · heads · tokens / hidden)`` bytes per block and text at two bytes a number
    (Korthikanti et al. 2022, arXiv 2205.05198, equation 2).
    """
    weights = sizes.parameters * sizes.compute_bytes + sizes.trainable * 16
    per_block = sizes.hidden * sizes.tokens * (34 + 5 * sizes.heads * sizes.tokens / sizes.hidden)
    activations = sizes.blocks * per_block * batch_size * sizes.compute_bytes / 2
    return (weights + activations) / 2**20
