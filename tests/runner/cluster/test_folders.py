"""How folders get from a worker to the study, by name and in pieces; no cluster is needed for that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tunefork.runner.cluster import outgoing
from tunefork.runner.cluster.arrivals import Arrivals
from tunefork.runner.cluster.folders import belonging, resumable
from tunefork.runner.cluster.messages import Piece
from tunefork.runner.cluster.outgoing import Outgoing
from tunefork.runner.messages import Event
from tunefork.store import MemoryStore
from tunefork.store.whole import verify, whole_folder

STATE = "checkpoints/key/000000002"


def checkpoint(study: Path, step: int, runs: str = '["a"]', key: str = "key") -> Path:
    place = study / "checkpoints" / key / f"{step:09d}"
    with whole_folder(place) as folder:
        (folder / "run-0.safetensors").write_bytes(bytes(range(256)) * 3)
        (folder / "group.json").write_text(f'{{"runs": {runs}}}', encoding="utf-8")
    return place


class Wire:
    """Hands on events at once, as a runner would take them."""

    def __init__(self, worker: Path, study: Path, shared: bool, frozen: tuple[str, ...] = ()) -> None:
        self.told: list[Event] = []
        self.arrivals = Arrivals(MemoryStore(study), "w")
        self.outgoing = Outgoing(worker, shared, frozen, self.send)

    def send(self, event: Event) -> None:
        self.told.append(event)
        arguments = tuple(each.read() if isinstance(each, Piece) else each for each in event.arguments)
        self.arrivals.take(Event(event.name, arguments))


@pytest.fixture(params=[True, False], ids=["shared", "sent"])
def wire(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setattr(outgoing, "PIECE", 100)
    (tmp_path / "study").mkdir()
    worker = tmp_path / "study" / "ray" / "w" if request.param else tmp_path / "w"
    worker.mkdir(parents=True)
    return Wire(worker, tmp_path / "study", request.param)


def test_checkpoints_come_whole_and_go(wire: Wire, tmp_path: Path) -> None:
    worker, study = wire.outgoing._folder, tmp_path / "study"
    checkpoint(worker, 2)
    wire.outgoing.changed()
    verify(study / STATE)
    assert (study / STATE / "run-0.safetensors").read_bytes() == bytes(range(256)) * 3
    wire.told.clear()
    wire.outgoing.changed()
    assert wire.told == [], "nothing has changed"
    checkpoint(worker, 4)
    shutil.rmtree(worker / STATE)
    wire.outgoing.changed()
    assert [path.name for path in (study / "checkpoints" / "key").iterdir()] == ["000000004"]
    assert [event.name for event in wire.told][-1] == "gone", "the new one is there before the old one goes"
    shutil.rmtree(worker / "checkpoints" / "key")
    wire.outgoing.changed()
    assert list((study / "checkpoints").iterdir()) == []


def test_another_folder_of_the_same_name_is_sent_again(wire: Wire, tmp_path: Path) -> None:
    worker = wire.outgoing._folder
    checkpoint(worker, 2)
    wire.outgoing.changed()
    checkpoint(worker, 2, runs='["a", "b"]')
    wire.outgoing.changed()
    assert "b" in (tmp_path / "study" / STATE / "group.json").read_text()


def test_frozen_weights_travel_once_and_are_linked(wire: Wire, tmp_path: Path) -> None:
    worker, study = wire.outgoing._folder, tmp_path / "study"
    (worker / "backbone").mkdir()
    (worker / "backbone" / "frozen-1.safetensors").write_bytes(b"f" * 250)
    for run in ("a", "b"):
        (worker / "runs" / run).mkdir(parents=True)
        os.link(worker / "backbone" / "frozen-1.safetensors", worker / "runs" / run / "model-1.safetensors")
        (worker / "runs" / run / "head.safetensors").write_bytes(run.encode())
        (worker / "runs" / run / "empty").write_bytes(b"")
        wire.outgoing.run(run)
    shard = study / "backbone" / "frozen-1.safetensors"
    assert shard.read_bytes() == b"f" * 250
    for run in ("a", "b"):
        found = {path.name: path.read_bytes() for path in (study / "runs" / run).iterdir()}
        assert found == {"model-1.safetensors": b"f" * 250, "head.safetensors": run.encode(), "empty": b""}
        assert (study / "runs" / run / "model-1.safetensors").samefile(shard)
    units = [event.arguments[0] for event in wire.told if event.name in ("moved", "whole")]
    assert units == ["backbone/frozen-1.safetensors", "runs/a", "runs/b"]


def test_two_workers_send_the_same_frozen_weights_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PIECE", 100)
    study, weights = tmp_path / "study", bytes(range(250))
    study.mkdir()
    streams: list[list[Event]] = []
    for run in ("a", "b"):
        worker, told = tmp_path / run, []
        (worker / "backbone").mkdir(parents=True)
        (worker / "backbone" / "frozen-1.safetensors").write_bytes(weights)
        (worker / "runs" / run).mkdir(parents=True)
        os.link(worker / "backbone" / "frozen-1.safetensors", worker / "runs" / run / "model-1.safetensors")
        Outgoing(worker, False, (), told.append).run(run)
        streams.append(told)
    store = MemoryStore(study)
    arrivals = [Arrivals(store, "one"), Arrivals(store, "other")]
    for events in zip(*streams, strict=True):
        for taking, event in zip(arrivals, events, strict=True):
            if event.name != "sent":
                read = tuple(each.read() if isinstance(each, Piece) else each for each in event.arguments)
                assert taking.take(Event(event.name, read))
    shard = study / "backbone" / "frozen-1.safetensors"
    assert shard.read_bytes() == weights
    for run in ("a", "b"):
        assert (study / "runs" / run / "model-1.safetensors").samefile(shard)
    assert [path for path in (study / "ray").rglob("*") if path.is_file()] == []


def test_the_first_of_the_same_frozen_weights_stays_and_what_is_half_there_can_be_cleared(
    wire: Wire, tmp_path: Path
) -> None:
    """Runs that came before link to it."""
    shard = tmp_path / "study" / "backbone" / "frozen-1.safetensors"
    shard.parent.mkdir()
    shard.write_bytes(b"f")
    before = shard.stat().st_ino
    worker = wire.outgoing._folder
    (worker / "backbone").mkdir()
    (worker / "backbone" / "frozen-1.safetensors").write_bytes(b"f")
    (worker / "runs" / "a").mkdir(parents=True)
    os.link(worker / "backbone" / "frozen-1.safetensors", worker / "runs" / "a" / "model.safetensors")
    wire.outgoing.run("a")
    assert shard.stat().st_ino == before
    assert (tmp_path / "study" / "runs" / "a" / "model.safetensors").samefile(shard)
    arriving = tmp_path / "study" / "ray" / "arriving"
    wire.arrivals.open("backbone/frozen-2.safetensors", False)
    wire.arrivals.piece("backbone/frozen-2.safetensors", ".", b"half")
    assert [path.read_bytes() for path in (arriving / "w").iterdir()] == [b"half"]
    wire.arrivals.clear()
    assert list(arriving.iterdir()) == []


def test_a_run_s_folder_takes_the_place_of_what_was_there(wire: Wire, tmp_path: Path) -> None:
    worker, study = wire.outgoing._folder, tmp_path / "study"
    (study / "runs" / "a").mkdir(parents=True)
    (study / "runs" / "a" / "error.txt").write_text("of before")
    (worker / "runs" / "a").mkdir(parents=True)
    (worker / "runs" / "a" / "model").write_text("new")
    wire.outgoing.run("a")
    assert [path.name for path in (study / "runs" / "a").iterdir()] == ["model"]
    shutil.rmtree(worker / "runs" / "a")
    wire.outgoing.run("a")
    assert not (study / "runs" / "a").exists()


def test_a_unit_of_which_a_part_arrived_is_not_there(tmp_path: Path) -> None:
    arrivals = Arrivals(MemoryStore(tmp_path), "w")
    arrivals.open(STATE, True)
    arrivals.piece(STATE, "run-0.safetensors", b"half")
    assert resumable(tmp_path) == {}
    arrivals.open(STATE, True)  # another worker begins again
    arrivals.piece(STATE, "run-0.safetensors", b"whole")
    arrivals.whole(STATE, {})
    assert (tmp_path / STATE / "run-0.safetensors").read_bytes() == b"whole"


def test_a_group_gets_what_is_its_own_and_damaged_ones_beside(tmp_path: Path) -> None:
    checkpoint(tmp_path, 2, '["a", "b"]')
    damaged = checkpoint(tmp_path, 4, '["a", "b"]')
    (damaged / "group.json").write_text("{")
    checkpoint(tmp_path, 2, '["c"]', key="other")
    for name in ("a@5", "c@5", "quarantine/a@4-0"):
        (tmp_path / "paused" / name).mkdir(parents=True)
    assert belonging(tmp_path, ["a"]) == ["paused/a@5", "checkpoints/key/000000002", "checkpoints/key/000000004"]
