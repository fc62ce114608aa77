"""MLflow's own client finds what study.db has; a server that is down is told of once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.trackers.following_of import COMPARE, Hearing, expected, of_trackers, statuses, study
from tunefork.errors import StoppedError
from tunefork.store import SqliteStore
from tunefork.trackers import Key


def client(out: Path) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{out.resolve() / 'mlflow' / 'mlflow.db'}")


def read(out: Path, experiment: str = "tracked") -> tuple[Any, dict[str, Any]]:
    """The study's run and, by our ids, its runs."""
    known = client(out)
    found = known.search_runs([known.get_experiment_by_name(experiment).experiment_id])
    parents = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    runs = {run.data.tags["tunefork.run"]: run for run in found if run not in parents}
    assert len(parents) == 1
    assert len(runs) == len(found) - 1, "no run is there twice"
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parents[0].info.run_id}
    return parents[0], runs


def compared(out: Path, runs: dict[str, Any]) -> None:
    wanted, known = expected(out), client(out)
    assert runs.keys() == wanted.keys()
    for name, numbers in wanted.items():
        run = runs[name]
        points = [
            (Key(metric, each.step), each.value)
            for metric in run.data.metrics
            for each in known.get_metric_history(run.info.run_id, metric)
        ]
        assert len(points) == len(dict(points)), "no number is there twice"
        assert dict(points) == numbers


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Path:
    """A study that was asked to stop, and ended in a second sitting."""

    class Asking(Hearing):
        def step(self, group: int, step: int, loss: float | None) -> None:
            super().step(group, step, loss)
            if self.steps == 15:
                os.kill(os.getpid(), signal.SIGTERM)

    out = tmp_path_factory.mktemp("study") / "out"
    with pytest.raises(StoppedError):
        study(tiny_folder, messages_csv, "mlflow").run(out, progress=Asking(), workers=1)
    parent, runs = read(out)
    assert parent.info.status == "RUNNING"
    assert "RUNNING" in {run.info.status for run in runs.values()}
    watcher = Hearing()
    study(tiny_folder, messages_csv, "mlflow").run(out, progress=watcher, workers=1)
    assert watcher.of_study == []
    return out


def test_its_runs_hold_what_the_database_has(stopped: Path) -> None:
    parent, runs = read(stopped)
    compared(stopped, runs)
    assert {run.info.status for run in (parent, *runs.values())} == {"FINISHED"}


def test_names_settings_and_seeds_are_told(stopped: Path) -> None:
    parent, runs = read(stopped)
    store = SqliteStore.open(stopped)
    record = store.study()
    assert parent.info.run_name == record.name == "tracked"
    assert parent.data.params["model"] == record.model
    assert parent.data.params["rows.train"] == str(record.rows["train"])
    for run in store.runs():
        told = runs[run.id]
        assert told.info.run_name == f"{run.name}, seed {run.seed}"
        assert told.data.params["strategy.kind"] == run.strategy
        assert told.data.params["training.epochs"] == "2.0"
        assert told.data.params["seed"] == "0"
        assert told.data.tags["tunefork.status"] == "done"
    store.close()


def test_a_database_of_one_s_own_and_the_name_of_an_experiment(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    out, place = tmp_path / "out", tmp_path / "mlflow"
    place.mkdir()
    chosen = {"mlflow": {"uri": f"sqlite:///{place / 'mlflow.db'}", "experiment": "ours"}}
    study(tiny_folder, messages_csv, chosen, compare=COMPARE[:1]).run(out, progress=False, workers=1)
    _, runs = read(tmp_path, "ours")
    assert runs.keys() == expected(out).keys()
    assert not (out / "mlflow").exists()


def test_a_server_that_is_down_is_told_of_once_and_the_study_is_done(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "study.yaml", tmp_path / "out"
    data = {"train": str(messages_csv), "text": "message", "label": "intent", "max_length": 24}
    trackers = [{"mlflow": {"uri": "http://127.0.0.1:9"}}]
    training = {"epochs": 1, "precision": "fp32"}
    content = {"model": str(tiny_folder), "data": data, "training": training, "compare": ["head"], "trackers": trackers}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from tunefork.cli import main; main()", "run", str(file), "-o", str(out)],
        check=False, capture_output=True, text=True, env={**os.environ, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = "tracker mlflow (http://127.0.0.1:9) failed and is left alone"
    assert " ".join(done.stderr.split()).count(told) == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
    store = SqliteStore.open(out)
    assert {run.status for run in store.runs()} == {"done"}
    assert any(each.startswith(told) for each in store.study().warnings)
    store.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    kept.append(server.accept()[0])
            except OSError:
                pass

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in kept:
            connection.close()


def test_a_server_that_never_answers_is_left_alone(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tunefork.study.sitting
    from tunefork.trackers import follow

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "4")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(tunefork.study.sitting, "follow", lambda *given: follow(*given, limit=0.3))
    watcher, chosen = Hearing(), {"mlflow": {"uri": silent}}
    made = study(tiny_folder, messages_csv, chosen, compare=COMPARE[:1]).run(
        tmp_path / "out", progress=watcher, workers=1
    )
    assert set(statuses(made).values()) == {"done"}
    assert len(watcher.of_study) == 1
    assert of_trackers(made) == watcher.of_study
    for thread in threading.enumerate():
        if thread.name == "tracker mlflow":
            thread.join(20)
    assert len(watcher.of_study) == 1


def test_what_it_keeps_in_the_store_is_one_id_for_each_run(stopped: Path) -> None:
    import sqlite3

    with sqlite3.connect(stopped / "study.db") as db:
        rows = dict(db.execute("SELECT name, value FROM chosen WHERE name LIKE 'tracker mlflow %'").fetchall())
    db.close()
    kept = {name.partition(": ")[2]: json.loads(value) for name, value in rows.items()}
    parent, runs = read(stopped)
    assert kept["study"] == {"id": parent.info.run_id}
    assert {name: kept[name]["id"] for name in runs} == {name: run.info.run_id for name, run in runs.items()}
