"""What somebody asks of a study from another process, and what comes of it when the study goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.digest import digest
from tests.store.test_contract import RUN, STUDY
from tests.trackers.following_of import Hearing
from tunefork import Head, LoRA, Study, load_data
from tunefork.errors import ProblemsError, StoppedError, StoreError
from tunefork.store import SqliteStore, Status, StopWish
from tunefork.store.lease import lease
from tunefork.study.stopping import stop


def filled(folder: Path, **statuses: Status) -> Path:
    store = SqliteStore(folder)
    store.begin(STUDY)
    for number, (name, status) in enumerate(statuses.items()):
        store.put_run(replace(RUN, id=name, seed=number, status=status))
    store.close()
    return folder


def wishes(folder: Path) -> list[str]:
    store = SqliteStore.open(folder)
    try:
        return [wish.run for wish in store.wishes()]
    finally:
        store.close()


def test_what_will_happen_is_told(tmp_path: Path) -> None:
    filled(tmp_path, waits="planned", trains="running", aside="paused", ended="done")
    with lease(tmp_path):
        found = stop(tmp_path, ["trains", "waits", "trains", "aside"])
    assert found.runs == ("trains", "waits", "aside")
    assert found.told == (
        "LoRA r=8, seed 1 ends behind the step that it is at, as stopped.",
        "LoRA r=8, seed 0 will not be trained.",
        "LoRA r=8, seed 2 is laid aside and will not be taken up again.",
    )
    assert wishes(tmp_path) == ["trains", "waits", "aside"]
    assert stop(tmp_path, ["trains"]).told == (
        "LoRA r=8, seed 1 was cut off and will not go on: it ends as stopped when the study is continued.",
    )


def test_the_study_and_its_search_are_asked_together(tmp_path: Path) -> None:
    filled(tmp_path, waits="planned")
    filled(tmp_path / "search", trial="running")
    with lease(tmp_path):
        began = time.time()
        found = stop(tmp_path)
    assert (found.folder, found.runs) == (tmp_path, ())
    assert found.told == (
        "The study stops behind this step, and everything is kept. To continue: "
        f"tunefork run {tmp_path}/study.yaml -o {tmp_path}",
    )
    store = SqliteStore.open(tmp_path)
    (wish,) = store.wishes()
    store.close()
    assert wish.run == ""
    assert began <= wish.asked <= time.time()
    assert wishes(tmp_path / "search") == [""]


def test_a_search_s_trial_is_asked_in_its_own_store(tmp_path: Path) -> None:
    filled(tmp_path, both="done", waits="planned")
    filled(tmp_path / "search", trial="running", both="paused")
    stop(tmp_path, ["trial", "both", "waits"])
    assert (wishes(tmp_path), wishes(tmp_path / "search")) == (["waits"], ["trial", "both"])


def test_what_cannot_be_is_told_and_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no study in this folder"):
        stop(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    filled(tmp_path, waits="planned", ended="done", broke="failed")
    with pytest.raises(StoreError) as alone:
        stop(tmp_path)
    assert str(alone.value) == (
        f"Nobody is at work in this folder, so there is no study to stop ({tmp_path}). `tunefork run` continues a "
        "study that has not ended; name runs that are not to go on then."
    )
    with pytest.raises(StoreError) as late:
        stop(tmp_path, ["ended"])
    assert str(late.value) == (
        "The run has already ended (ended: LoRA r=8, seed 1). Found: done. Name runs that train or wait."
    )
    with pytest.raises(ProblemsError) as several:
        stop(tmp_path, ["wait", "waits", "broke"])
    first, second = several.value.problems
    assert "Did you mean 'waits'?" in str(first)
    assert "Found: failed" in str(second)
    assert wishes(tmp_path) == []


TRAINING = {"steps": 12, "batch_size": 8, "precision": "fp32", "eval_every": 4, "log_every": 2}


def study(tiny_folder: Path, messages_csv: Path, **settings: Any) -> Study:
    compare = [Head(), LoRA(rank=[2, 4], targets="query+value", learning_rate=1e-2)]
    data = load_data(messages_csv, max_length=24)
    return Study(model=str(tiny_folder), data=data, compare=compare, training=TRAINING, name="s", **settings)


class Asking(Hearing):
    """Asks for something behind a step, through the front door."""

    def __init__(self, folder: Path, at: int, runs: int | None) -> None:
        super().__init__()
        self.folder, self.at, self.runs = folder, at, runs

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        if self.steps == self.at:
            store = SqliteStore.open(self.folder)
            running = [run.id for run in store.runs() if run.status == "running"]
            store.close()
            stop(self.folder, running[: self.runs] if self.runs else ())


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunefork.runner.wishes.LOOK", 0.0)


def losses(folder: Path) -> dict[str, Any]:
    store = SqliteStore.open(folder)
    try:
        return {
            run.id: [digest(store.predictions(run.id, each).logits.tobytes()) for each in ("validation", "test")]
            for run in store.runs()
            if run.status == "done"
        }
    finally:
        store.close()


@pytest.mark.usefixtures("at_once")
def test_a_stopped_run_stays_so_and_fork_begins_anew(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    watcher = Asking(out, 5, 1)
    results = study(tiny_folder, messages_csv).run(out, progress=watcher, workers=1)
    (stopped,) = [run.record for run in results.runs() if run.record.on_demand]
    assert (stopped.status, stopped.steps) == ("stopped", 5)
    assert len(losses(out)) == 2
    assert f"{stopped.name} (stopped)" in (out / "table.md").read_text(encoding="utf-8").replace("\\", "")
    again = Hearing()
    study(tiny_folder, messages_csv).run(out, progress=again, workers=1)
    assert again.of_study == [f"1 run stays stopped, on demand: {stopped.name}, seed 0; --fork begins anew"]
    assert again.steps == 0
    forked = study(tiny_folder, messages_csv).run(out, progress=False, workers=1, fork=True)
    assert forked.folder == tmp_path / "out-2"
    assert {run.record.status for run in forked.runs()} == {"done"}
    assert losses(out).items() <= losses(forked.folder).items(), "the others' very bits"


@pytest.mark.usefixtures("at_once")
def test_a_study_that_was_asked_to_stop_goes_on_and_old_wishes_are_forgotten(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(StoppedError, match="Stopped; everything up to here is kept"):
        study(tiny_folder, messages_csv).run(out, progress=Asking(out, 5, None), workers=1)
    assert wishes(out) == [""]
    results = study(tiny_folder, messages_csv).run(out, progress=False, workers=1)
    assert {run.record.status for run in results.runs()} == {"done"}
    assert wishes(out) == []


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("runs", [1, None])
def test_a_search_goes_on_without_a_stopped_trial_and_stops_with_the_study(
    runs: int | None, tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    """With halving: the trial is out, as one that failed."""
    out = tmp_path / "out"

    class AskingTrials(Asking):
        def step(self, group: int, step: int, loss: float | None) -> None:
            self.folder = out / "search"
            Hearing.step(self, group, step, loss)
            if self.steps == self.at:
                store = SqliteStore.open(self.folder)
                running = [run.id for run in store.runs() if run.status == "running"]
                store.close()
                stop(out, running[: self.runs] if self.runs else ())

    def searching() -> Study:
        return study(tiny_folder, messages_csv, search={"method": "random", "trials": 3, "halving": 3})

    watcher = AskingTrials(out, 2, runs)
    if runs is None:
        with pytest.raises(StoppedError):
            searching().run(out, progress=watcher, workers=1)
        assert wishes(out / "search") == [""]
        watcher.at = 0
    searching().run(out, progress=watcher, workers=1)
    store = SqliteStore.open(out)
    trials = store.trials()
    assert {run.status for run in store.runs()} == {"done"}
    store.close()
    assert len(trials) == 3
    stopped = [trial for trial in trials if trial.status == "stopped"]
    assert len(stopped) == (runs or 0)
    for trial in stopped:
        assert (trial.value, trial.chosen, trial.step) == (None, False, 2)
        assert trial.reason.startswith("Stopped on demand at step 2 of ")


def test_a_wish_that_comes_as_a_process_begins_is_not_lost(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the folder is held, whoever asks means this process."""
    out = tmp_path / "out"
    filled_store = SqliteStore(out)
    filled_store.put_wishes([StopWish("", time.time() - 1)])
    filled_store.close()

    @contextmanager
    def held(folder: Path) -> Iterator[None]:
        with lease(folder):
            assert wishes(folder) == [""]
            store = SqliteStore(folder)
            store.put_wishes([StopWish("", time.time())])
            store.close()
            yield

    with monkeypatch.context() as patched:
        patched.setattr("tunefork.study.sitting.lease", held)
        with pytest.raises(StoppedError):
            study(tiny_folder, messages_csv).run(out, progress=False, workers=1)
    study(tiny_folder, messages_csv).run(out, progress=False, workers=1)
    assert len(losses(out)) == 3
