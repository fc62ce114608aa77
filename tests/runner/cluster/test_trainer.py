"""A worker on a cluster whose disk is full pauses the study, wherever it met that; in this process, without Ray."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.runner.contract import RUNS, RunnerContract, planned
from tunefork.config import SaveEvery
from tunefork.engine import PrefixCache
from tunefork.runner.cluster import outgoing
from tunefork.runner.cluster.arrivals import DESK
from tunefork.runner.cluster.messages import Given, Known
from tunefork.runner.cluster.trainer import Trainer
from tunefork.runner.messages import Event
from tunefork.runner.orders import open_orders
from tunefork.store import MemoryStore


def last_word(folder: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> Event:
    """With what a worker ends an order that keeps checkpoints."""
    contract = RunnerContract()
    contract.threads = 1
    folder.mkdir()
    plan, job = contract.prepare(store := MemoryStore(folder), [planned(RUNS[2])])
    job = replace(job, save_every=SaveEvery(steps=2))
    _, (order,) = open_orders(plan, job, store)
    known = Known(tuple(store.run(run.config.id) for run in plan.runs), (), (), {}, ())
    monkeypatch.setattr(Trainer, "_job", lambda self, given, parcel: (job, PrefixCache()))
    worker = Trainer(1)
    worker.give(Given(order, known, "job", 1, folder.resolve(), token), [None])
    while True:
        for event in worker.hear():
            if event.name in ("broken", "done", "halted"):
                worker.leave()
                return event


def no_room(source: Path, target: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))


@pytest.mark.parametrize("token", ["there", "nowhere"])
def test_without_trouble_it_is_done(token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").touch()
    assert last_word(tmp_path / "study", monkeypatch, f"../{token}").name == "done"


@pytest.mark.parametrize("token", ["there", "nowhere"])
@pytest.mark.parametrize("meets", ["what is kept to be sent", "its desk"])
def test_no_room_pauses_the_study(meets: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").touch()
    if meets == "its desk":
        monkeypatch.setattr(Trainer, "_desk", lambda self, given, shared: no_room(tmp_path, tmp_path))
    else:
        monkeypatch.setattr(outgoing, "link_tree", no_room)
    told: Any = last_word(tmp_path / "study", monkeypatch, f"../{token}")
    assert (told.name, told.arguments[0]) == ("halted", "DiskFullError"), told.arguments[-1]
    assert told.arguments[1] == "There is no room on the disk, so the study pauses"
    assert DESK not in told.arguments[2], "the study's folder is told, not the desk in it"
    assert "No space left on device" in told.arguments[3]


def test_another_error_is_no_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Trainer, given: Given, shared: bool) -> Path:
        raise PermissionError(errno.EACCES, "not yours")

    monkeypatch.setattr(Trainer, "_desk", denied)
    told = last_word(tmp_path / "study", monkeypatch, "nowhere")
    assert told.name == "broken"
    assert "not yours" in told.arguments[0]
