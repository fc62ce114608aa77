"""What every runner does, whatever it runs on. An implementation's test inherits this and says how to make one."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Set
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.digest import digest
from tests.tiny import LABELS, encoded, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Rows
from tunefork.errors import StoppedError
from tunefork.plan import Group, Plan, PlannedRun, total_steps
from tunefork.runner import STUDY, Job, Runner
from tunefork.store import MemoryStore, RunRecord, Store
from tunefork.strategies import count, select

RUNS = (
    "full:learning_rate=1e-3",
    "head:learning_rate=1e-2",
    "lora:rank=4,learning_rate=1e-2",
    "lora:rank=2,learning_rate=1e-2",
)


class Told:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.done: Set[str] = frozenset()
        self.groups: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.of_study: list[str] = []
        """Told of the study as a whole, such as that a busy machine lets its workers wait."""
        self.finished: dict[str, tuple[str, str]] = {}
        self.ended = 0
        self.steps = 0

    def begin(self, plan: Plan, done: Set[str]) -> None:
        self.done = done

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        self.groups.append(names)

    def tell(self, group: int, text: str) -> None:
        (self.of_study if group == STUDY else self.texts).append(text)

    def step(self, group: int, step: int, loss: float | None) -> None:
        self.steps += 1

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        self.finished[name] = (status, reason)

    def end(self) -> None:
        self.ended += 1


def planned(text: str, seed: int = 0) -> PlannedRun:
    backbone = tiny_backbone("bert")
    training = TrainingConfig(epochs=2, batch_size=8, log_every=3, precision="fp32")
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training, seed=seed)
    counts = count(select(run.strategy, backbone.anatomy, backbone.model), backbone.anatomy)
    return PlannedRun(run, run.strategy.label(), (), counts, total_steps(40, training))


class Asking(Told):
    """A watcher during which somebody asks the process to stop, at a step."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def step(self, group: int, step: int, loss: float | None) -> None:
        super().step(group, step, loss)
        if self.steps == self.at:
            os.kill(os.getpid(), signal.SIGTERM)


class RunnerContract:
    """Inherit, and give ``make_runner``; where groups train at the same time, say so."""

    workers = 1
    threads = 0

    def make_runner(self) -> Runner:
        raise NotImplementedError

    def make_store(self, folder: Path) -> Store:
        return MemoryStore(folder)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path / "study")

    def prepare(
        self, store: Store, runs: list[PlannedRun], groups: list[tuple[int, ...]] | None = None
    ) -> tuple[Plan, Job]:
        backbone = tiny_backbone("bert")
        ids = [run.config.id for run in runs]
        made = [
            Group(tuple(ids[number] for number in group))
            for group in groups or [(number,) for number in range(len(ids))]
        ]
        for run in runs:
            store.put_run(
                RunRecord(
                    run.config.id, run.config.configuration, run.name, run.config.strategy.kind, run.config.seed,
                    run.config.model_dump(mode="json"), run.counts,
                )
            )  # fmt: skip
        sizes = {"train": 40, "validation": 16, "test": 24}
        plan = Plan(tuple(runs), tuple(made), sizes, {}, {}, workers=self.workers, threads=self.threads)
        rows = Rows(encoded(range(40)), encoded(range(40, 56)), encoded(range(56, 80)), 0)
        selections = {
            run.config.configuration: select(run.config.strategy, backbone.anatomy, backbone.model) for run in runs
        }
        facts = {"labels": list(LABELS), "text": ["text"], "id": "", "max_length": 64, "truncation": "head"}
        return plan, Job(backbone, rows, selections, "loss", facts)

    def test_every_run_ends_done_with_records_and_an_artefact(self, store: Store) -> None:
        runs = [planned(text) for text in RUNS]
        plan, job = self.prepare(store, runs)
        told = Told()
        self.make_runner().execute(plan, job, store, told)
        for run in runs:
            record = store.run(run.config.id)
            assert (record.status, record.reason, record.steps) == ("done", "", 10)
            assert [step.step for step in store.steps(record.id)] == [3, 6, 9, 10]
            assert [each.step for each in store.evaluations(record.id, "validation")] == [5, 10]
            assert [each.step for each in store.evaluations(record.id, "test")] == [record.best_step]
            folder = store.run_folder(record.id)
            assert (folder / "tunefork.json").is_file()
            assert (folder / "predictions.parquet").is_file()
            assert (folder / "adapter_config.json").is_file() == (record.strategy == "lora")
            assert record.seconds > 0
            assert record.seconds_alone > 0
            assert record.peak_memory_mb > 0
            assert record.latency_ms > 0
            parts = {part: getattr(run.counts, part) for part in ("adapter", "head", "backbone")}
            assert record.counted == {part: number for part, number in parts.items() if number}
        assert (told.ended, told.steps, len(told.groups)) == (1, 40, 4)
        assert {status for status, _ in told.finished.values()} == {"done"}

    def test_runs_that_are_done_are_left_alone(self, store: Store) -> None:
        runs = [planned(text) for text in RUNS[1:3]]
        plan, job = self.prepare(store, runs)
        store.put_run(replace(store.run(runs[0].config.id), status="done", seconds=123.0))
        told = Told()
        self.make_runner().execute(plan, job, store, told)
        assert store.run(runs[0].config.id).seconds == 123.0
        assert told.done == {runs[0].config.id}
        assert list(told.finished) == [f"{runs[1].name}, seed 0"]

    def test_one_run_s_failure_does_not_touch_the_others(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        runs = [planned(RUNS[1]), planned(RUNS[2])]
        plan, job = self.prepare(store, runs)
        broken = {key: value for key, value in job.selections.items() if key != runs[0].config.configuration}
        self.make_runner().execute(plan, replace(job, selections=broken), store, Told())
        failed, done = (store.run(run.config.id) for run in runs)
        assert failed.status == "failed"
        assert failed.reason.startswith("KeyError")
        assert "Traceback" in (store.run_folder(failed.id) / "error.txt").read_text()
        assert done.status == "done"

    def test_a_group_shares_its_pass_and_gives_what_each_gives_alone(self, store: Store, tmp_path: Path) -> None:
        runs = [planned(RUNS[2], seed=0), planned(RUNS[3], seed=1), planned(RUNS[1], seed=2)]
        plan, job = self.prepare(store, runs, groups=[(0, 1, 2)])
        self.make_runner().execute(plan, job, store, Told())
        alone = self.make_store(tmp_path / "alone")
        self.make_runner().execute(*self.prepare(alone, runs), alone, Told())
        for run in runs:
            ours, theirs = store.predictions(run.config.id, "test"), alone.predictions(run.config.id, "test")
            torch.testing.assert_close(torch.tensor(ours.logits), torch.tensor(theirs.logits), rtol=1e-3, atol=1e-4)
            assert store.run(run.config.id).status == "done"

    def test_two_executions_give_equal_bits(self, store: Store, tmp_path: Path) -> None:
        runs = [planned("lora:rank=4,dropout=0.1,learning_rate=1e-2")]
        self.make_runner().execute(*self.prepare(store, runs), store, Told())
        again = self.make_store(tmp_path / "again")
        self.make_runner().execute(*self.prepare(again, runs), again, Told())
        files = [each.run_folder(runs[0].config.id) / "adapter_model.safetensors" for each in (store, again)]
        assert digest(files[0].read_bytes()) == digest(files[1].read_bytes())

    def test_a_run_is_laid_aside_and_goes_on(self, store: Store, tmp_path: Path) -> None:
        runs = [planned(RUNS[2]), planned(RUNS[3])]
        plan, job = self.prepare(store, runs, groups=[(0, 1)])
        half = replace(plan, runs=tuple(replace(run, until=5) for run in runs))
        told = Told()
        self.make_runner().execute(half, job, store, told)
        assert set(told.finished.values()) == {("paused", "")}
        for run in runs:
            assert (store.run(run.config.id).status, store.run(run.config.id).steps) == ("paused", 5)
            assert (store.folder / "paused" / f"{run.config.id}@5" / "run.safetensors").is_file()
            assert store.evaluations(run.config.id, "test") == []
        again = Told()
        self.make_runner().execute(half, job, store, again)
        assert (again.done, again.steps) == ({run.config.id for run in runs}, 0)
        self.make_runner().execute(plan, job, store, Told())
        whole = self.make_store(tmp_path / "whole")
        self.make_runner().execute(*self.prepare(whole, runs, groups=[(0, 1)]), whole, Told())
        for run in runs:
            assert store.run(run.config.id).status == "done"
            ours, theirs = store.predictions(run.config.id, "test"), whole.predictions(run.config.id, "test")
            assert digest(ours.logits.tobytes()) == digest(theirs.logits.tobytes())
            assert [step.loss for step in store.steps(run.config.id)] == [
                step.loss for step in whole.steps(run.config.id)
            ]
        assert list((store.folder / "paused").iterdir()) == []

    def test_who_is_asked_to_stop_keeps_all_and_ends_with_the_same_bits(self, store: Store, tmp_path: Path) -> None:
        texts = ("lora:rank=4,dropout=0.1,learning_rate=1e-2", RUNS[3], RUNS[0])
        runs = [planned(text) for text in texts]
        plan, job = self.prepare(store, runs, groups=[(0, 1), (2,)])
        with pytest.raises(StoppedError) as caught:
            self.make_runner().execute(plan, job, store, Asking(3))
        assert caught.value.exit_status == 128 + signal.SIGTERM
        statuses = {store.run(run.config.id).status for run in runs}
        assert "running" in statuses
        assert statuses <= {"running", "planned", "done"}
        told = Told()
        self.make_runner().execute(plan, job, store, told)
        assert told.texts
        assert all(
            re.fullmatch(r"(goes on from step \d+ of 10|begins anew); no step was lost", each) for each in told.texts
        )
        whole = self.make_store(tmp_path / "whole")
        self.make_runner().execute(*self.prepare(whole, runs, groups=[(0, 1), (2,)]), whole, Told())
        for run in runs:
            ours, theirs = store.predictions(run.config.id, "test"), whole.predictions(run.config.id, "test")
            assert digest(ours.logits.tobytes()) == digest(theirs.logits.tobytes())
            kept, again = store.steps(run.config.id), whole.steps(run.config.id)
            assert [(step.step, step.loss) for step in kept] == [(step.step, step.loss) for step in again]
        assert not list((store.folder / "checkpoints").glob("*")), "nothing is left of them"

    def test_a_group_that_was_cut_off_while_it_was_saved_is_trained_as_it_was(
        self, store: Store, tmp_path: Path
    ) -> None:
        """One of two runs is done; the other has to have the bits of their shared pass."""
        runs = [planned("lora:rank=4,dropout=0.1,learning_rate=1e-2"), planned(RUNS[3])]
        plan, job = self.prepare(store, runs, groups=[(0, 1)])
        self.make_runner().execute(plan, job, store, Told())
        first, second = (run.config.id for run in runs)
        before, told = (store.run(first), store.evaluations(first)), store.run(second).notices
        assert told
        expected = store.predictions(second, "test")
        store.put_run(replace(store.run(second), status="running"))
        store.clear(second)
        self.make_runner().execute(plan, job, store, Told())
        assert (store.run(first), store.evaluations(first)) == before
        assert store.run(second).status == "done"
        assert store.run(second).notices == told, "what was told already is not told twice"
        found = store.predictions(second, "test")
        assert digest(found.logits.tobytes()) == digest(expected.logits.tobytes())

    def test_of_a_search_s_trials_no_model_is_kept(self, store: Store) -> None:
        runs = [planned(RUNS[1])]
        plan, job = self.prepare(store, runs)
        self.make_runner().execute(plan, replace(job, keep=False), store, Told())
        assert store.run(runs[0].config.id).status == "done"
        assert list(store.run_folder(runs[0].config.id).iterdir()) == []

    def test_nothing_begins_behind_the_deadline(self, store: Store) -> None:
        runs = [planned(RUNS[1])]
        plan, job = self.prepare(store, runs)
        self.make_runner().execute(plan, replace(job, deadline=1.0), store, Told())
        assert store.run(runs[0].config.id).status == "planned"
