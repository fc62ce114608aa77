"""How many runs share a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.plan.test_groups import planned
from tunefork.counts import Counts
from tunefork.plan import Traits, most_together, pass_size

MODEL = Counts(adapter=2 * 2**20, head=0, backbone=0, total=12 * 2**20, peft_total=12 * 2**20)
PARTY = tuple(replace(planned()[0], memory_mib=50.0, counts=MODEL) for _ in range(12))


@pytest.mark.parametrize(
    ("tokens", "memory", "precision", "most"),
    [
        (10.0, None, "bf16", 12),
        (100.0, None, "bf16", 3),  # 6,144 tokens, 16 rows of 100 each
        (1000.0, None, "bf16", 1),
        (10.0, 120.0, "bf16", 3),  # 20 MiB are frozen and shared, 30 each run's own
        (10.0, 120.0, "fp32", 8),  # 40 and 10
        (10.0, 15.0, "bf16", 1),  # the engine halves batches where not even one fits
    ],
)
def test_tokens_and_memory_bound_a_pass(tokens: float, memory: float | None, precision: str, most: int) -> None:
    assert most_together(PARTY, tokens, memory, precision) == most


def test_heads_are_many_at_once_and_a_lone_run_is_alone() -> None:
    assert pass_size(PARTY, Traits("", 6, 6), 4, 12, lambda _: pytest.fail("was timed")) == 64
    assert pass_size(PARTY[:1], Traits("", 0, 6), 4, 12, lambda _: pytest.fail("was timed")) == 1


def test_every_worker_has_a_part_where_sharing_is_faster() -> None:
    def shared(runs: object) -> float:
        return 0.5 + 0.5 * len(runs)  # type: ignore[arg-type]

    assert [pass_size(PARTY, Traits("", 0, 6), workers, 8, shared) for workers in (1, 2, 5, 12)] == [6, 6, 3, 1]
    assert pass_size(PARTY, Traits("", 0, 6), 1, 8, lambda runs: float(len(runs))) == 1
