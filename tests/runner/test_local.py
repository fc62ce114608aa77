from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tests.tiny import encoded
from tunefork.engine import Rows, Verified, checkpointing
from tunefork.runner import LocalRunner, Runner, group
from tunefork.store import MemoryStore


class TestLocalRunner(RunnerContract):
    def make_runner(self) -> Runner:
        return LocalRunner()


def test_a_user_learns_that_memory_was_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "available_bytes", lambda device: 50_000)
    store, run = MemoryStore(tmp_path), planned(RUNS[0])
    plan, job = TestLocalRunner().prepare(store, [run])
    LocalRunner().execute(plan, job, store, Told())
    record = store.run(run.config.id)
    assert record.status == "done"
    assert any(notice.startswith("memory was short (0.0 GiB for a batch of ") for notice in record.notices)


@pytest.mark.parametrize(("length", "compared"), [(2, 16), (64, 16), (100, 10), (400, 8)])
def test_long_texts_are_compared_on_fewer_rows(
    length: int, compared: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def verify(artefact: Any, backbone: Any, run: Any, selection: Any, split: Any, rows: int) -> Any:
        asked.append(rows)
        return Verified(torch.zeros(rows, 3), 0.01)

    monkeypatch.setattr(group, "verify_run", verify)
    store, run = MemoryStore(tmp_path), planned(RUNS[1])
    _, job = TestLocalRunner().prepare(store, [run])
    validation = replace(encoded(range(40, 56)), lengths=np.full(16, length))
    rows = Rows(job.rows.train, validation, None, 0)
    record = replace(store.run(run.config.id), precision="fp32")
    group._verify(None, run.config, record, replace(job, rows=rows), store)  # type: ignore[arg-type]
    assert asked == [compared]
