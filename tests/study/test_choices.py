"""What is chosen by measurement is chosen once in a study's life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tunefork import Full, Study, load_data
from tunefork.store import SqliteStore
from tunefork.study import study as module
from tunefork.study.choices import Choices


def study(folder: Path, csv: Path, precision: str = "auto") -> Study:
    return Study(
        model=str(folder), data=load_data(csv, max_length=48), compare=[Full()], seeds=2,
        training={"steps": 4, "precision": precision},
    )  # fmt: skip


def test_a_continued_study_computes_as_it_began(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "automatic_precision", lambda: "bf16")
    study(tiny_folder, messages_csv).run(tmp_path / "out", progress=False)
    store = SqliteStore(tmp_path / "out")
    assert store.study().choices["precision"] == "bf16"
    assert {run.precision for run in store.runs()} == {"bf16"}
    store.put_run(replace(store.runs()[0], status="planned", precision=""))
    store.close()
    monkeypatch.setattr(module, "automatic_precision", lambda: "fp32")
    study(tiny_folder, messages_csv).run(tmp_path / "out", progress=False)
    assert {run.precision for run in SqliteStore.open(tmp_path / "out").runs()} == {"bf16"}


def test_a_wish_stands_above_what_was_measured(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "automatic_precision", lambda: "bf16")
    plan = study(tiny_folder, messages_csv, "fp32").plan(timings=False)
    assert "computed in" not in str(plan)
    assert "computed in bf16, the faster precision on this machine" in str(
        study(tiny_folder, messages_csv).plan(timings=False)
    )
    study(tiny_folder, messages_csv, "fp32").run(tmp_path / "out", progress=False)
    assert {run.precision for run in SqliteStore.open(tmp_path / "out").runs()} == {"fp32"}


def test_a_new_study_has_chosen_nothing(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert Choices.read(SqliteStore(tmp_path / "new")) == Choices()
