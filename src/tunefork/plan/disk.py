"""The room on the disk that a study needs: models, answers, and checkpoints while it trains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import nlargest

from tunefork.plan.plan import PlannedRun
from tunefork.plan.steps import evaluation_interval

NUMBER = 4
"""Bytes of one number: what is saved is in fp32."""
STATE = 4
"""Numbers of each trainable parameter in a checkpoint: itself, AdamW's two moments, and its best value so far."""
AT_ONCE = 3
"""Checkpoints of a group: two are kept while the third is written."""
ADAPTERS = ("lora", "peft")
"""Strategies that save an adapter; all others share one file with what none of them trains."""


def estimate_disk_mib(
    runs: Collection[PlannedRun],
    groups: Collection[Collection[str]],
    rows: Mapping[str, int],
    labels: int,
    workers: int = 1,
) -> float:
    """Room in MiB for these runs, the most at any time.

    Args:
        runs: those that train.
        groups: who trains together, by ids; others than ``runs`` are left out.
        rows: by split.
        labels: numbers that a model answers with.
        workers: groups that train at the same time.
    """
    total = NUMBER * max((run.counts.total for run in runs if run.config.strategy.kind not in ADAPTERS), default=0)
    for run in runs:
        steps = run.steps or 0
        seen = -(-steps // evaluation_interval(rows.get("train", 1), run.config.training)) if rows else 0
        answers = rows.get("validation", 0) * (seen + 1) + 2 * rows.get("test", 0)  # the last ones in Parquet, too
        total += NUMBER * (run.counts.trainable + answers * labels)
    trainable = {run.config.id: run.counts.trainable for run in runs}
    held = [sum(trainable.get(run, 0) for run in group) for group in groups]
    total += NUMBER * STATE * AT_ONCE * sum(nlargest(workers, held))
    return total / 2**20
