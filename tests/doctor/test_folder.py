"""A study's folder, as the doctor sees it: what is damaged is found, named, and mended where it can be."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.test_interrupted import command
from tests.digest import digest
from tunefork import Full, Head, Study, load_data
from tunefork.doctor import Finding, study_folder
from tunefork.errors import StoreError
from tunefork.store import SqliteStore
from tunefork.store.lease import lease


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Path:
    folder = tmp_path_factory.mktemp("doctor") / "study"
    results = study(tiny_folder, messages_csv).run(folder, progress=False, workers=1)
    results.store.close()  # and with it the file beside study.db that pages would be read from
    return folder


def study(model: Path, data: Path) -> Study:
    return Study(
        model=str(model), data=load_data(data, max_length=24), compare=[Full(learning_rate=1e-3), Head()],
        training={"steps": 4, "precision": "fp32"},
    )  # fmt: skip


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "study")
    return tmp_path / "study"


def wrong(found: list[Finding]) -> list[str]:
    return [str(each) for each in found if each.level == "wrong"]


def test_a_study_in_order_is_told_so(folder: Path) -> None:
    found = study_folder(folder)
    assert [each.level for each in found] == ["ok", "ok"]
    assert found[0].what.endswith("answers of 2 runs, all hashes right")
    assert found[1].what == "2 saved models, all hashes right"


@pytest.mark.parametrize("file", ["model.safetensors", "tunefork.json", "predictions.parquet"])
def test_a_damaged_model_is_found_and_its_run_trained_again(
    file: str, folder: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    (run,) = (path for path in (folder / "runs").iterdir() if path.name.startswith("full"))
    before = digest((run / "model.safetensors").read_bytes())
    content = bytearray((run / file).read_bytes())
    content[len(content) // 2] ^= 4
    (run / file).write_bytes(bytes(content))
    (told,) = wrong(study_folder(folder))
    assert told == (
        f"the model of full, seed 0 is damaged: A file has other content ({run / file}). "
        "tunefork doctor --repair has `tunefork run` train it again."
    )
    (told,) = wrong(study_folder(folder, repair=True))
    assert told.endswith("the next `tunefork run` trains it again. Repaired.")
    study(tiny_folder, messages_csv).run(folder, progress=False, workers=1)
    assert wrong(study_folder(folder)) == []
    assert digest((run / "model.safetensors").read_bytes()) == before


def test_every_row_of_answers_is_looked_at(folder: Path) -> None:
    db = sqlite3.connect(folder / "study.db")
    labels = db.execute("SELECT labels FROM splits LIMIT 1").fetchone()[0]
    changed = bytes([labels[0] ^ 1]) + labels[1:]
    db.execute("UPDATE splits SET labels = ? WHERE labels = ?", (changed, labels))
    db.commit()
    db.close()
    (told,) = wrong(study_folder(folder))
    assert "are not what was written (hash " in told


def test_a_damaged_database_is_told(folder: Path) -> None:
    path = folder / "study.db"
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(bytes(content))
    try:
        found = wrong(study_folder(folder))
    except StoreError as error:
        found = [str(error)]
    assert found
    assert "study.db" in found[0]


def test_checkpoints_and_leftovers_are_put_away(folder: Path) -> None:
    place = folder / "checkpoints" / "abc" / "000000004"
    place.mkdir(parents=True)
    (place / "run-0.safetensors").write_bytes(b"half")
    (folder / "checkpoints" / "abc" / ".staged-000000006-7").mkdir()
    found = study_folder(folder)
    assert wrong(found) == [
        "the checkpoint checkpoints/abc/000000004 is damaged: A folder was not written to its end. It will not be used."
    ]
    assert "was left half written" in str(found[-1])
    found = study_folder(folder, repair=True)
    assert all(each.repaired for each in found if each.level != "ok")
    assert [path.name for path in (folder / "checkpoints" / "abc").iterdir()] == ["quarantine"]
    assert wrong(study_folder(folder)) == []


def test_a_run_that_was_cut_off_is_told_and_nobody_mends_a_folder_that_is_in_use(folder: Path) -> None:
    store = SqliteStore(folder)
    run = store.runs()[0]
    store.put_run(replace(run, status="running"))
    store.close()
    assert "full, seed 0 was cut off. `tunefork run` goes on with it." in [str(each) for each in study_folder(folder)]


def test_somebody_at_work_is_told(folder: Path) -> None:
    with lease(folder):
        found = study_folder(folder, repair=True)
    assert "is at work in this folder" in found[0].what
    with pytest.raises(StoreError, match="There is no study in this folder"):
        study_folder(folder / "runs")


def test_the_command_says_it_and_exits_by_it(folder: Path) -> None:
    process = command("doctor", folder, "--json")
    document = json.loads(process.communicate(timeout=120)[0])
    assert (process.returncode, document["in_order"]) == (0, True)
    next((folder / "runs").rglob("tunefork.json")).write_text("{}", encoding="utf-8")
    process = command("doctor", folder)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "WRONG  the model of " in text
