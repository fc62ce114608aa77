"""TensorBoard's own reader finds in the event files what study.db has, also of a study that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG, parse_session_start_info_plugin_data

from tests.trackers.following_of import expected, study
from tunefork.store import SqliteStore
from tunefork.trackers import Key


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return found.Reload()


def compared(place: Path, out: Path) -> None:
    """The event files hold every number of the study's database, in single precision, and each once."""
    wanted = expected(out)
    assert {path.name for path in place.iterdir()} == {"study", *wanted}
    for run, numbers in wanted.items():
        files = read(place / run)
        points = [(Key(tag, each.step), each.value) for tag in files.Tags()["scalars"] for each in files.Scalars(tag)]
        assert len(points) == len(dict(points)), "no number is there twice"
        assert dict(points) == pytest.approx(numbers, rel=1e-6)


def text(files: EventAccumulator, tag: str) -> list[str]:
    return [event.tensor_proto.string_val[0].decode() for event in files.Tensors(f"{tag}/text_summary")]


def settings(files: EventAccumulator) -> dict[str, Any]:
    content = files.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    found = parse_session_start_info_plugin_data(content).hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in found.items()}


def test_event_files_hold_what_the_database_has(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results = study(tiny_folder, messages_csv, "tensorboard").run(out, progress=False, workers=1)
    compared(out / "tensorboard", out)
    assert "**tracked**" in text(read(out / "tensorboard" / "study"), "study")[0]
    for run in results.store.runs():
        files = read(out / "tensorboard" / run.id)
        assert text(files, "status") == ["done"]
        given = settings(files)
        assert (given["seed"], given["strategy.kind"], given["training.epochs"]) == (0, run.strategy, 2.0)


def test_a_folder_that_studies_share_has_a_place_for_each(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    shared = {"tensorboard": {"dir": str(tmp_path / "shared")}}
    outs = [tmp_path / "a" / "out", tmp_path / "b" / "out"]
    for out in (*outs, outs[0]):
        study(tiny_folder, messages_csv, shared).run(out, progress=False, workers=1)
    compared(tmp_path / "shared" / "out", outs[0])
    compared(tmp_path / "shared" / "out-2", outs[1])
    assert not (outs[0] / "tensorboard").exists()


KILLED = """
import os, signal, sys, time
from pathlib import Path
import tunefork.trackers.following as module
from tests.trackers.following_of import Hearing, study
module.LOOK = 0.01

class Killing(Hearing):
    def step(self, group, step, loss):
        super().step(group, step, loss)
        if self.steps == int(sys.argv[4]):
            until = time.monotonic() + 30
            while time.monotonic() < until and sum(
                path.stat().st_size for path in out.rglob("events.out.tfevents.*")
            ) < int(sys.argv[5]):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

out = Path(sys.argv[3])
study(Path(sys.argv[1]), Path(sys.argv[2]), "tensorboard").run(out, progress=Killing(), workers=1)
"""


def test_a_study_that_was_killed_goes_on_in_its_event_files(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = map(str, (tiny_folder, messages_csv, out, 19, 4000))  # a step behind a checkpoint, with files on disk
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    before = {path: path.read_bytes() for path in out.rglob("events.out.tfevents.*")}
    assert sum(map(len, before.values())) >= 4000
    running = [run for run in SqliteStore.open(out).runs() if run.status == "running"]
    assert running
    last = max(before, key=lambda path: path.stat().st_mtime)
    last.write_bytes(before[last][:-7])  # as if it had been killed in the middle of writing
    study(tiny_folder, messages_csv, "tensorboard").run(out, progress=False, workers=1)
    compared(out / "tensorboard", out)
    assert all(path.read_bytes().startswith(content[:-7]) for path, content in before.items())
