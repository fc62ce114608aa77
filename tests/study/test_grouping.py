"""Groups of a real study: chosen by measurement, kept in the store, replayed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import tiny_backbone
from tunefork import Head, LoRA, Study, load_data
from tunefork.config import RunConfig
from tunefork.engine import Rows
from tunefork.plan import StepTiming
from tunefork.plan.pass_size import LARGEST, TOKENS
from tunefork.runner import Places
from tunefork.store import SqliteStore
from tunefork.study import grouping
from tunefork.study.choices import Choices
from tunefork.study.grouping import Planner

TRAINING = {"epochs": 1, "batch_size": 16, "precision": "fp32"}


def study(folder: Path, csv: Path, **more: object) -> Study:
    compare = [Head(learning_rate=[0.01, 0.1]), LoRA(rank=[2, 4], targets="query+value", learning_rate=1e-2)]
    return Study(
        model=str(folder), data=load_data(csv, max_length=48), compare=compare, seeds=2, training=TRAINING, **more
    )


def timing(seconds: dict[int, float], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps take what we say, by the number of runs; returns what was asked for."""
    asked: list[int] = []

    def timed(_backbone: object, runs: list[object], *_: object) -> StepTiming:
        asked.append(len(runs))
        return StepTiming(seconds[len(runs)], 0.001)

    monkeypatch.setattr(grouping, "timed", timed)
    return asked


def test_a_pass_is_shared_only_where_that_is_faster(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing({1: 0.1, 4: 0.2}, monkeypatch)
    assert [len(group.runs) for group in study(tiny_folder, messages_csv).plan(timings=False).groups] == [4, 4]
    timing({1: 0.1, 4: 0.39}, monkeypatch)
    groups = study(tiny_folder, messages_csv).plan(timings=False).groups
    assert [len(group.runs) for group in groups] == [1, 1, 1, 1, 4], "four adapters one by one, heads always together"
    assert groups[-1].features


def test_long_texts_bound_the_runs_of_a_pass(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = timing({1: 0.1, 2: 0.11, 4: 0.12}, monkeypatch)
    made = study(tiny_folder, messages_csv)
    rows = made.encoded.rows
    split = replace(rows.train, lengths=np.full(len(rows.train), 150))
    planner = Planner(made.backbone, made.selections, Rows(split, None, None, 0), Choices())
    plan = made.plan(timings=False)
    adapters = [run for run in plan.runs if run.config.strategy.kind == "lora"]
    asked.clear()
    assert [len(group.runs) for group in planner.arrange(adapters).groups] == [2, 2]
    assert asked == [2, 1, 1]
    assert 150 * 16 * 2 < TOKENS < 150 * 16 * 3
    assert LARGEST >= 8


def test_where_devices_divide_a_batch_a_part_of_it_is_timed_and_estimated(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []

    def timed(_backbone: object, runs: list[RunConfig], *_: object) -> StepTiming:
        batches.append({run.training.batch_size for run in runs})
        return StepTiming(0.1, 0.001)

    monkeypatch.setattr(grouping, "timed", timed)
    made = study(tiny_folder, messages_csv)
    divided = made.plan(timings=False, places=Places(1, 1, share=3))
    assert batches
    assert all(each == {6} for each in batches), "a third of 16 rows"
    assert divided.workers == 1
    ours, whole = (sum(run.memory_mib or 0.0 for run in plan.runs) for plan in (divided, made.plan(timings=False)))
    assert 0 < ours < whole
    assert {run.config.training.batch_size for run in divided.runs} == {16}


def test_the_choice_is_kept_and_replayed(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing({1: 0.1, 4: 0.2}, monkeypatch)
    study(tiny_folder, messages_csv).run(tmp_path / "out", progress=False)
    store = SqliteStore(tmp_path / "out")
    kept = store.study().choices["groups"]
    assert [len(group) for group in kept] == [4, 4]
    run = store.runs()[0]
    store.put_run(replace(run, status="planned"))
    store.close()
    asked = timing({1: 0.1, 4: 0.39}, monkeypatch)
    study(tiny_folder, messages_csv).run(tmp_path / "out", progress=False)
    assert SqliteStore.open(tmp_path / "out").study().choices["groups"] == kept
    assert asked == [], "nothing was measured again"


def test_what_cannot_share_says_why() -> None:
    backbone = tiny_backbone("deberta-v2")
    from tunefork.config import RunConfig, TrainingConfig, parse_run
    from tunefork.strategies import alone_because, select

    def reason(text: str, **training: object) -> str:
        run = RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig.model_validate(training))
        return alone_because(run, select(run.strategy, backbone.anatomy, backbone.copy()), backbone.anatomy)

    assert reason("full") == "trains the backbone's own parameters"
    assert reason("lora:bias=all") == "trains the backbone's own parameters"
    assert reason("head", backbone_dropout="as_pretrained") == "keeps the backbone's own dropout"
    assert reason("head").startswith("is on deberta-v2, whose linears also see positions")
