"""Groups on a Ray cluster of this machine: the same contract, the same bits, whoever dies."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from tests.digest import digest
from tests.runner.contract import RUNS, RunnerContract, Told, planned
from tests.runner.test_wishes import same
from tunefork.cli.app import app
from tunefork.config import RunConfig, SaveEvery, TrainingConfig, parse_run
from tunefork.errors import ConfigError, MissingExtraError, RunnerError, StoppedError
from tunefork.metrics import own_metrics
from tunefork.plan import Plan, PlannedRun, total_steps
from tunefork.runner import Job, LocalRunner, RayRunner, Runner
from tunefork.runner.cluster import crew
from tunefork.runner.cluster.crew import ClusterCrew
from tunefork.store import MemoryStore, SqliteStore, StopWish, Store

pytest.importorskip("ray")
DROPOUT = "lora:rank=4,dropout=0.1,learning_rate=1e-2"


@pytest.fixture
def nothing_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do not see the study's folder, as on a cluster without shared storage."""
    plain = ClusterCrew._given

    def given(one: ClusterCrew, order: Any) -> Any:
        told, parcel = plain(one, order)
        return replace(told, token="nowhere"), parcel

    monkeypatch.setattr(ClusterCrew, "_given", given)


def trainers() -> list[psutil.Process]:
    """The workers' processes."""
    return [each for each in psutil.Process().children(recursive=True) if each.name().startswith("ray::Trainer")]


class TestRayRunner(RunnerContract):
    workers = 2
    threads = 1

    @pytest.fixture(autouse=True)
    def _on_the_cluster(self, cluster: RayRunner) -> None:
        self.cluster = cluster

    def make_runner(self) -> Runner:
        return self.cluster

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder)

    def test_nothing_of_the_way_is_left(self, store: Store) -> None:
        plan, job = self.prepare(store, [planned(text) for text in RUNS[1:3]])
        self.make_runner().execute(plan, job, store, Told())
        names = {path.name for path in store.folder.iterdir()} - {"study.db", "study.db-wal", "study.db-shm"}
        assert names == {"runs", "backbone"}


@pytest.mark.usefixtures("nothing_shared")
class TestRayRunnerWithoutSharedStorage(TestRayRunner):
    pass


def prepared(store: Store) -> tuple[list[str], Plan, Job]:
    """A group of two, and two lone runs; kept after every other step."""
    contract = RunnerContract()
    contract.workers, contract.threads = 2, 1
    runs = [planned(text) for text in (DROPOUT, RUNS[3], RUNS[0], RUNS[1])]
    plan, job = contract.prepare(store, runs, groups=[(0, 1), (2,), (3,)])
    return [run.config.id for run in runs], plan, replace(job, save_every=SaveEvery(steps=2))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What the local runner gives, in one process with one thread."""
    store = MemoryStore(tmp_path_factory.mktemp("alone"))
    _, plan, job = prepared(store)
    LocalRunner().execute(plan, job, store, Told())
    return store


def compare(store: Store, other: Store, runs: list[str]) -> None:
    for run in runs:
        same(store, other, run)
        files = [
            {path.name: digest(path.read_bytes()) for path in (each.folder / "runs" / run).glob("*.safetensors")}
            for each in (store, other)
        ]
        assert files[0] == files[1]


def test_it_gives_the_bits_of_the_local_runner(cluster: RayRunner, alone: Store, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    runs, plan, job = prepared(store)
    cluster.execute(plan, job, store, Told())
    compare(store, alone, runs)


class Killing(Told):
    """Kills one worker or all of them when the runner hears of a step; they are somewhere behind it by then."""

    def __init__(self, at: int, draw: random.Random) -> None:
        super().__init__()
        self.at, self.draw = at, draw
        self.killed: list[int] = []

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        if self.steps >= self.at and not self.killed:
            found = [each.pid for each in trainers()]
            self.killed = found if self.draw.random() < 0.5 else [self.draw.choice(found)]
            for pid in self.killed:
                os.kill(pid, signal.SIGKILL)


def killed(cluster: RayRunner, alone: Store, folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    store = SqliteStore(folder)
    runs, plan, job = prepared(store)
    told = Killing(draw.randint(1, 28), draw)
    cluster.execute(plan, job, store, told)
    assert told.killed
    assert all(re.match(r"goes on from step \d+ of 10|begins anew", text) for text in told.texts)
    assert set(told.finished.values()) == {("done", "")}
    compare(store, alone, runs)
    assert not list((folder / "checkpoints").glob("*"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_worker_that_is_killed_costs_no_bit(cluster: RayRunner, alone: Store, tmp_path: Path, seed: int) -> None:
    killed(cluster, alone, tmp_path, seed)


@pytest.mark.usefixtures("nothing_shared")
def test_nor_where_checkpoints_have_to_be_sent(cluster: RayRunner, alone: Store, tmp_path: Path) -> None:
    killed(cluster, alone, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_ten_workers_that_are_killed_cost_no_bit(
    cluster: RayRunner, alone: Store, tmp_path: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    if seed % 2:
        request.getfixturevalue("nothing_shared")
    killed(cluster, alone, tmp_path, seed)


def test_a_group_over_which_workers_die_again_and_again_fails_alone(cluster: RayRunner, tmp_path: Path) -> None:
    class Always(Told):
        """Kills whoever trains the second group."""

        killed = 0

        def step(self, group: int, step: int, loss: float | None) -> None:
            super().step(group, step, loss)
            if group == 1 and step >= 3 and self.killed < 2:
                self.killed += 1
                for each in trainers():
                    os.kill(each.pid, signal.SIGKILL)

    store, contract = SqliteStore(tmp_path), RunnerContract()
    contract.workers, contract.threads = 1, 1
    runs = [planned(text) for text in RUNS[1:3]]
    plan, job = contract.prepare(store, runs)
    release(cluster)
    one = RayRunner(most=1)
    one.execute(plan, replace(job, save_every=SaveEvery(steps=2)), store, Always())
    release(one)
    first, second = (store.run(run.config.id) for run in runs)
    assert (first.status, second.status) == ("done", "failed")
    assert second.reason.startswith("A worker on the cluster has died (The actor is dead because its worker process")
    assert "use a smaller batch_size" in second.reason
    assert "A worker on the cluster has died" in (store.run_folder(second.id) / "error.txt").read_text()


def release(runner: RayRunner) -> None:
    """Let go of the workers that wait for the next plan."""
    for hand in runner._idle:
        hand.end()
    runner._idle.clear()


def long(text: str) -> PlannedRun:
    training = TrainingConfig(epochs=60, batch_size=8, log_every=50, precision="fp32", eval_every=100)
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training, seed=0)
    return replace(planned(text), config=run, steps=total_steps(40, training))


def test_what_is_wished_reaches_the_workers(cluster: RayRunner, tmp_path: Path) -> None:
    store, runs = SqliteStore(tmp_path / "a"), [long(DROPOUT), long(RUNS[3])]
    contract = RunnerContract()
    contract.threads = 1
    plan, job = contract.prepare(store, runs, groups=[(0, 1)])
    first, second = (run.config.id for run in runs)

    class Wishing(Told):
        def step(self, group: int, step: int, loss: float | None) -> None:
            if step == 5:
                store.put_wishes([StopWish(second, 1.0)])

    cluster.execute(plan, job, store, Wishing())
    record = store.run(second)
    assert (record.status, record.on_demand) == ("stopped", True)
    assert 5 <= record.steps < 300
    assert list(store.run_folder(second).iterdir()) == []
    undisturbed = MemoryStore(tmp_path / "b")
    LocalRunner().execute(*contract.prepare(undisturbed, runs, groups=[(0, 1)]), undisturbed, Told())
    same(store, undisturbed, first)


def test_the_study_stops_on_demand(cluster: RayRunner, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    _, plan, job = prepared(store)
    store.put_wishes([StopWish("", 1.0)])
    with pytest.raises(StoppedError):
        cluster.execute(plan, job, store, Told())
    assert {run.status for run in store.runs()} == {"planned"}


def test_machines_with_other_versions_are_refused(
    cluster: RayRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "versions", lambda: {"tunefork": "0.0.1"})
    store = MemoryStore(tmp_path)
    _, plan, job = prepared(store)
    release(cluster)
    with pytest.raises(RunnerError) as caught:
        cluster.execute(plan, job, store, Told())
    assert str(caught.value).startswith("The machines of the cluster have not the same versions installed (")
    assert "tunefork is 0.1.0 there and 0.0.1 here" in str(caught.value)
    assert {run.status for run in store.runs()} == {"planned"}


def test_a_metric_that_workers_cannot_import_is_refused(cluster: RayRunner, tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    _, plan, job = prepared(store)
    bound: Callable[..., float] = lambda labels, chances: 1.0  # noqa: E731
    bound.__name__ = "mine"
    with pytest.raises(ConfigError, match="Workers on a cluster cannot import the metric 'mine'"):
        cluster.execute(plan, replace(job, own=own_metrics([bound])), store, Told())


def test_the_plan_is_for_the_places_of_the_cluster(
    cluster: RayRunner, tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    assert cluster.cluster.ray.is_initialized()  # this process is a part of it, and stays so
    data = f"{{train: {messages_csv}, text: message, label: intent, max_length: 16}}"
    text = f"name: asked\nmodel: {tiny_folder}\ndata: {data}\ntraining: {{steps: 4}}\nseeds: 4\ncompare: [full]\n"
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    found = {}
    for runner in ("ray:threads=1", "ray:threads=2"):
        shown = CliRunner().invoke(
            app, ["plan", str(tmp_path / "study.yaml"), "--runner", runner, "--no-time", "--json"]
        )
        document = json.loads(shown.stdout)
        found[runner] = document["workers"], document["threads"]
    assert found == {"ray:threads=1": (2, 1), "ray:threads=2": (1, 2)}
    assert cluster.cluster.ray.is_initialized()
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_a_part_of_a_gpu_where_no_machine_has_one_is_told_at_once(cluster: RayRunner, tmp_path: Path) -> None:
    """Here the cluster might grow; one of this machine alone does not, and is refused."""

    class Impatient(Told):
        def tell(self, group: int, text: str) -> None:
            super().tell(group, text)
            os.kill(os.getpid(), signal.SIGTERM)

    store = SqliteStore(tmp_path)
    _, plan, job = prepared(store)
    told = Impatient()
    with pytest.raises(StoppedError):
        RayRunner(gpus=0.5).execute(plan, job, store, told)
    assert told.of_study[:1] == ["waiting for the cluster: no machine has room for a group (1 CPU and 0.5 GPU) yet"]
    assert {run.status for run in store.runs()} == {"planned"}


ALONE = """
import json, os, pathlib, psutil, ray, sys, tempfile
from tests.runner.contract import Told
from tests.runner.test_ray import prepared
from tunefork.errors import ConfigError
from tunefork.runner import RayRunner
from tunefork.store import MemoryStore

found = {}
for name, runner in (("gpus", RayRunner(gpus=0.5, cores=1)), ("threads", RayRunner(threads=3, cores=1))):
    with runner:
        session = pathlib.Path(ray._private.worker._global_node.get_session_dir_path())
        found["addresses"] = sorted({
            connection.laddr.ip.removeprefix("::ffff:")
            for each in psutil.Process().children(recursive=True)
            for connection in each.net_connections()
            if connection.status == psutil.CONN_LISTEN
        })
        for what in ("places", "execute"):
            try:
                if what == "places":
                    runner.places()
                else:
                    store = MemoryStore(pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1])))
                    _, plan, job = prepared(store)
                    runner.execute(plan, job, store, Told())
            except ConfigError as error:
                found[f"{name} {what}"] = str(error)
    found["left"] = session.exists()
print(json.dumps(found))
"""


@pytest.mark.slow
def test_a_cluster_of_this_machine_alone_listens_to_it_alone_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["addresses"] == ["127.0.0.1"]
    assert found["left"] is False
    told = "A group asks for more than this machine has, and to a cluster of it alone no other is added (runner: ray). "
    assert found["gpus places"].startswith(f"{told}Found: 1 CPU and 0.5 GPU; here are 1 CPU and 0 GPU. Ask for less")
    assert found["gpus execute"] == found["gpus places"]
    assert found["threads places"].startswith(f"{told}Found: 3 CPU and 0 GPU; here are 1 CPU and 0 GPU. ")


def test_without_ray_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tunefork\[ray\]'"):
        RayRunner().__enter__()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:9", "The Ray cluster cannot be reached (--address 127.0.0.1:9). Found: "),
        ("ray://127.0.0.1:9", "The runner has to be a part of the cluster, not a client of it (--address)."),
    ],
)
def test_an_address_that_cannot_be_used_is_told_within_seconds(address: str, told: str) -> None:
    code = f"""
import time
from tunefork.errors import TuneforkError
from tunefork.runner import RayRunner
import ray
began = time.monotonic()
try:
    RayRunner({address!r}).__enter__()
except TuneforkError as error:
    print(error)
    print(time.monotonic() - began)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.startswith(told), done.stderr
    assert float(done.stdout.splitlines()[-1]) < 20
