from __future__ import annotations

import errno
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.digest import digest
from tests.runner.contract import RUNS, Asking, RunnerContract, Told, planned
from tests.tiny import encoded
from tunefork.config import SaveEvery
from tunefork.engine import GroupModel, Rows, Verified, checkpointing
from tunefork.errors import DiskFullError, StoppedError
from tunefork.runner import LocalRunner, Runner, keeping, local
from tunefork.store import MemoryStore, SqliteStore


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


class Short:
    """Lets a forward pass of training fail for so many runs, or so many rows, as a machine with little memory would."""

    def __init__(self, runs: int, rows: int) -> None:
        self._plain, self._runs, self._rows = GroupModel.training_batch, runs, rows
        self.made: list[tuple[int, int]] = []

    def __call__(self, model: GroupModel, split: Any, rows: Sequence[np.ndarray], *more: Any) -> Any:
        if len(rows) > self._runs or len(rows[0]) > self._rows:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes.")
        self.made.append((len(rows), len(rows[0])))
        return self._plain(model, split, rows, *more)


def test_where_memory_runs_out_groups_are_split_and_then_batches_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [planned(RUNS[2]), planned(RUNS[3]), planned(RUNS[1])]
    store = MemoryStore(tmp_path / "a")
    plan, job = TestLocalRunner().prepare(store, runs, groups=[(0, 1, 2)])
    short = Short(runs=1, rows=2)
    monkeypatch.setattr(GroupModel, "training_batch", lambda model, *given: short(model, *given))
    LocalRunner().execute(plan, job, store, Told())
    records = [store.run(run.config.id) for run in runs]
    assert {record.status for record in records} == {"done"}
    assert set(short.made) == {(1, 2)}
    assert len(short.made) == 3 * 40  # ten steps of eight rows each, two at a time
    for record in records:
        assert any(
            each == "memory ran out with 3 runs in one pass: they were trained in two" for each in record.notices
        )
        assert any(
            each.startswith("memory ran out with 8 rows in a forward pass: 2 were taken") for each in record.notices
        )
    monkeypatch.undo()
    whole = MemoryStore(tmp_path / "b")
    LocalRunner().execute(*TestLocalRunner().prepare(whole, runs), whole, Told())
    for record in records:  # the same rows in every step, so the same training but for rounding
        ours, theirs = store.predictions(record.id, "test"), whole.predictions(record.id, "test")
        np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-3, atol=1e-4)


def test_where_one_row_is_too_much_the_run_fails_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, runs = MemoryStore(tmp_path), [planned(RUNS[2])]
    plan, job = TestLocalRunner().prepare(store, runs)
    short = Short(runs=1, rows=0)
    monkeypatch.setattr(GroupModel, "training_batch", lambda model, *given: short(model, *given))
    LocalRunner().execute(plan, job, store, Told())
    assert store.run(runs[0].config.id).status == "failed"
    assert "not enough memory" in store.run(runs[0].config.id).reason


def test_where_the_disk_is_full_the_study_pauses_and_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, runs = MemoryStore(tmp_path / "a"), [planned("lora:rank=4,dropout=0.1,learning_rate=1e-2"), planned(RUNS[1])]
    plan, job = TestLocalRunner().prepare(store, runs)
    often, calls, plain = replace(job, save_every=SaveEvery(steps=2)), [0], os.fsync

    def full(handle: int) -> None:
        calls[0] += 1
        if calls[0] == 12:  # in the third checkpoint
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError) as caught:
        LocalRunner().execute(plan, often, store, Told())
    monkeypatch.undo()
    told = str(caught.value)
    assert told.startswith(f"There is no room on the disk, so the study pauses ({tmp_path / 'a'}). Found: ")
    assert "Make room and run the same command again" in told
    assert [store.run(run.config.id).status for run in runs] == ["running", "planned"]
    again = Told()
    LocalRunner().execute(plan, often, store, again)
    assert 10 < again.steps < 20  # the first goes on in the middle, the second begins
    whole = MemoryStore(tmp_path / "b")
    LocalRunner().execute(*TestLocalRunner().prepare(whole, runs), whole, Told())
    for run in runs:
        ours, theirs = store.predictions(run.config.id, "test"), whole.predictions(run.config.id, "test")
        assert digest(ours.logits.tobytes()) == digest(theirs.logits.tobytes())


@pytest.mark.parametrize(("length", "compared"), [(2, 16), (64, 16), (100, 10), (400, 8)])
def test_long_texts_are_compared_on_fewer_rows(
    length: int, compared: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def verify(artefact: Any, backbone: Any, run: Any, selection: Any, split: Any, rows: int) -> Any:
        asked.append(rows)
        return Verified(torch.zeros(rows, 3), 0.01)

    monkeypatch.setattr(keeping, "verify_run", verify)
    store, run = MemoryStore(tmp_path), planned(RUNS[1])
    _, job = TestLocalRunner().prepare(store, [run])
    validation = replace(encoded(range(40, 56)), lengths=np.full(16, length))
    rows = Rows(job.rows.train, validation, None, 0)
    record = replace(store.run(run.config.id), precision="fp32")
    keeping._verify(None, run.config, record, replace(job, rows=rows), store)  # type: ignore[arg-type]
    assert asked == [compared]


def test_what_was_lost_is_told_and_a_damaged_checkpoint_stays_to_be_looked_at(tmp_path: Path) -> None:
    contract, store = TestLocalRunner(), MemoryStore(tmp_path / "study")
    runs = [planned("lora:rank=4,dropout=0.1,learning_rate=1e-2"), planned("head")]
    plan, job = contract.prepare(store, runs, groups=[(0, 1)])
    job = replace(job, save_every=SaveEvery(steps=2))
    with pytest.raises(StoppedError):
        LocalRunner().execute(plan, job, store, Asking(9))
    (kept,) = (store.folder / "checkpoints").iterdir()
    damaged = kept / "000000009" / "run-0.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    told = Told()
    LocalRunner().execute(plan, job, store, told)
    first, second = told.texts
    assert first.startswith("a checkpoint was damaged and is not used (A file has another size")
    assert second == "goes on from step 8 of 10; 1 step was lost and is made again"
    place = kept / "quarantine" / "000000009-0"
    assert f"now {place}" in first
    assert place.is_dir()
    assert [path.name for path in kept.iterdir()] == ["quarantine"]
    assert store.run(runs[0].config.id).notices.count(first) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_stop_that_comes_when_all_is_done_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was announced; a search would begin its next round."""

    class Ending:
        def __init__(self, *given: object) -> None: ...

        def __enter__(self) -> Ending:
            return self

        def execute(self, orders: object) -> None: ...

        def __exit__(self, *raised: object) -> None:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(local, "Pool", Ending)
    contract = TestLocalRunner()
    contract.workers = 2
    plan, job = contract.prepare(store := SqliteStore(tmp_path), [planned(each) for each in RUNS[1:3]])
    with pytest.raises(StoppedError) as caught:
        LocalRunner().execute(plan, job, store, Told())
    assert caught.value.signal == signal.SIGINT
