"""Made-up measurements for made-up studies."""

from __future__ import annotations

import numpy as np

from tests.report.studies import Made, run_id
from tunefork.store import ChangeRecord, Predictions, RetentionRecord, Store
from tunefork.store.changes import Head


def changed(
    store: Store,
    one: Made,
    seed: int,
    intruders: dict[tuple[int, str], int],
    *,
    norm: float = 0.5,
    effective_rank: float = 2.0,
    threshold: float = 0.5,
) -> None:
    """A run whose matrices (block, role) have so many intruders."""
    records = [
        ChangeRecord(
            run=run_id(one, seed),
            matrix=f"layer.{block}.{role}",
            block=block,
            roles=role,
            outputs=32,
            inputs=32,
            norm=norm * (block + 1),
            base_norm=10.0,
            spectral_norm=norm,
            effective_rank=effective_rank,
            stable_rank=1.5,
            top_k=10,
            threshold=threshold,
            intruders=count,
            similarities=(0.1,) * count + (0.9,) * (10 - count),
        )
        for (block, role), count in intruders.items()
    ]
    store.put_changes(run_id(one, seed), records)


def predictions(right: np.ndarray) -> Predictions:
    """Answers to rows of class 0 of two."""
    logits = np.stack([np.where(right, 1.0, -1.0), np.zeros(len(right))], axis=1).astype(np.float32)
    return Predictions(tuple(f"e{row}" for row in range(len(right))), np.zeros(len(right), np.int64), logits)


def answered(store: Store, run: str, head: Head, right: np.ndarray, name: str = "reviews", task: str = "t1") -> None:
    """A run's answers to an earlier task."""
    accuracy = float(right.mean())
    record = RetentionRecord(
        run, task, head, name, f"/studies/{name}", "full-1-s0", len(right), 0.5, accuracy, accuracy, "abc"
    )
    store.put_retention(record, predictions(right))
