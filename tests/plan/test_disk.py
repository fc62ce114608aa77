"""The room that a study needs on the disk."""

from __future__ import annotations

import pytest

from tunefork.counts import Counts
from tunefork.plan import PlannedRun, estimate_disk_mib, expand
from tunefork.study_file import parse_study

MIB = 2**20
ROWS = {"train": 100, "validation": 20, "test": 30}


def planned(text: str, trainable: int, total: int, seeds: int = 1) -> list[PlannedRun]:
    study = f"model: m\ndata: a.csv\nseeds: {seeds}\ntraining: {{epochs: 2, batch_size: 10}}\ncompare: [{text}]"
    counts = Counts(0, trainable, 0, total, total)
    return [PlannedRun(run.config, run.name, (), counts, steps=20) for run in expand(parse_study(study))]


def test_adapters_keep_what_they_trained_answers_and_checkpoints() -> None:
    runs = planned("lora", 1000, 10**6, seeds=2)
    ids = [run.config.id for run in runs]
    answers = 2 * 4 * (20 * (2 + 1) + 2 * 30) * 3  # two evaluations and the last in Parquet; the test rows twice
    models, checkpoints = 2 * 4 * 1000, 4 * 4 * 3 * 1000
    assert estimate_disk_mib(runs, [[each] for each in ids], ROWS, 3) == pytest.approx(
        (answers + models + checkpoints) / MIB
    )
    together = estimate_disk_mib(runs, [ids], ROWS, 3)
    assert together == pytest.approx((answers + models + 2 * checkpoints) / MIB)
    assert estimate_disk_mib(runs, [[each] for each in ids], ROWS, 3, workers=2) == pytest.approx(together)


def test_whole_models_share_what_none_of_them_trains() -> None:
    runs = planned("head", 1000, 10**6, seeds=5)
    groups = [[run.config.id for run in runs]]
    alone = estimate_disk_mib(runs[:1], groups, ROWS, 2)
    assert estimate_disk_mib(runs, groups, ROWS, 2) - alone < 0.25
    assert alone > 4 * 10**6 / MIB
    assert estimate_disk_mib([], groups, ROWS, 2) == 0
