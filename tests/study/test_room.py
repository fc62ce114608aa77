"""A study that would fill the disk does not begin."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tunefork import Head, LoRA, Study, load_data
from tunefork.errors import DiskFullError
from tunefork.plan import disk


def studied(tiny_folder: Path, messages_csv: Path) -> Study:
    training = {"epochs": 1, "batch_size": 16, "precision": "fp32"}
    compare = [Head(), LoRA(rank=2)]
    return Study(
        model=str(tiny_folder), data=load_data(messages_csv, text="message"), compare=compare, training=training
    )


def test_what_would_not_fit_is_refused_before_it_trains(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = studied(tiny_folder, messages_csv)
    plain = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda place: plain(place)._replace(free=2 * 2**20))
    with pytest.raises(DiskFullError) as caught:
        study.run(tmp_path / "out", progress=False, workers=1)
    assert caught.value.what == "There is no room on the disk for the models, answers and checkpoints of 2 runs"
    assert caught.value.where == str(tmp_path / "out")
    assert caught.value.found.endswith("MiB are needed and 2 MiB are free")
    assert "-o" in caught.value.fix
    monkeypatch.undo()
    made = study.run(tmp_path / "out", progress=False, workers=1)
    assert {run["status"] for run in made.to_dict()["runs"]} == {"done"}
    monkeypatch.setattr(shutil, "disk_usage", lambda place: plain(place)._replace(free=0))
    study.run(tmp_path / "out", progress=False, workers=1)  # nothing is left to train


def test_the_estimate_is_near_what_is_written(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    study = studied(tiny_folder, messages_csv)
    plan = study.plan(timings=False, workers=1)
    assert plan.disk_mib is not None
    assert disk(plan) == f", {plan.disk_mib:,.0f} MiB on the disk at most"
    study.run(tmp_path / "out", progress=False, workers=1)
    seen = {path.stat().st_ino: path.stat().st_size for path in (tmp_path / "out").rglob("*.safetensors")}
    kept = sum(seen.values()) / 2**20
    assert kept < plan.disk_mib < 1.5 * kept + 2
