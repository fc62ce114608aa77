"""TensorBoard: event files, ``tensorboard/<run id>/``, written with the ``tensorboard`` package itself.

Its own writers keep a queue and a thread, or need TensorFlow. A tracker is called from a thread of its own already, so
events go into the file as they come, and are flushed after every call: what was told, a killed study leaves readable.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.metadata import create_summary_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from tunefork.config import TensorBoard
from tunefork.store import RunRecord, StudyRecord
from tunefork.trackers.points import flat
from tunefork.trackers.protocol import Key, Memory, Point

PLACE = "folder"
"""What the memory calls the folder with event files outside the study's own."""


class TensorBoardTracker:
    """Writes event files.

    Args:
        choice: where to.
        folder: the study's.
        memory: keeps which folder the study has where ``dir`` is given, in which others may have theirs.
    """

    def __init__(self, choice: TensorBoard, folder: Path, memory: Memory) -> None:
        self._folder = _place(Path(choice.dir), folder, memory) if choice.dir else folder / "tensorboard"
        self._files: dict[str, _EventFile] = {}

    def begin_study(self, study: StudyRecord) -> None:
        """Write what the study is, as a text that TensorBoard shows."""
        rows = ", ".join(f"{count:,} {split}" for split, count in study.rows.items())
        place = self._folder / "study"
        if not any(tag == "study/text_summary" for tag, _ in _there(place)):
            file = _EventFile(place)
            file.text("study", f"**{study.name}**: {study.model}, rows: {rows}", 0)
            file.close()

    def begin_run(self, run: RunRecord) -> Iterable[Key]:
        """Open the run's folder; a new one gets its settings, which TensorBoard shows beside the metrics."""
        known = set(_there(self._folder / run.id))
        self._files[run.id] = file = _EventFile(self._folder / run.id)
        settings = flat({"name": run.name, "seed": run.seed, **run.config})
        if not known:
            file.settings(settings, run.id)
            file.text("config", f"```json\n{json.dumps(run.config, indent=1)}\n```", 0)
        return known

    def tell(self, run: RunRecord, points: Sequence[Point]) -> None:
        """Write numbers."""
        file = self._files[run.id]
        for point in points:
            file.number(point)
        file.flush()

    def end_run(self, run: RunRecord) -> None:
        """Write how it ended."""
        file = self._files.pop(run.id)
        file.text("status", f"{run.status}: {run.reason}" if run.reason else run.status, run.steps)
        file.ended(run.status)
        file.close()

    def end_study(self, study: StudyRecord) -> None:
        """Nothing: all is said of the runs."""

    def close(self) -> None:
        """Close the files of runs that are under way."""
        while self._files:
            self._files.popitem()[1].close()


def _place(around: Path, folder: Path, memory: Memory) -> Path:
    """The study's own folder in one that it may share with others, the same in every sitting."""
    found = memory.kept(PLACE).get("name")
    if found is None:
        number, found = 1, folder.resolve().name
        while (around / found).exists():
            number += 1
            found = f"{folder.resolve().name}-{number}"
        (around / found).mkdir(parents=True)
        memory.keep(PLACE, {"name": found})
    return around / found


def _there(folder: Path) -> list[Key]:
    """The names and steps of what is in a folder's event files; what a killed process left half of is not there."""
    return [
        Key(value.tag, event.step)
        for path in sorted(folder.glob("events.out.tfevents.*"))
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]


class _EventFile:
    """One new event file of a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in folder.glob("events.out.tfevents.*"))
        # TensorBoard reads a folder's files in the order of their names
        name = f"events.out.tfevents.{int(time.time()):010d}.{number:04d}.{socket.gethostname()}.{os.getpid()}"
        self._writer = RecordWriter((folder / name).open("xb"))
        self._write(file_version="brain.Event:2")
        self.flush()

    def number(self, point: Point) -> None:
        """Write a number."""
        value = Summary.Value(tag=point.key.name, simple_value=point.value)
        self._write(step=point.key.step, summary=Summary(value=[value]))

    def text(self, name: str, text: str, step: int) -> None:
        """Write a text (Markdown)."""
        value = Summary.Value(
            tag=f"{name}/text_summary",
            metadata=create_summary_metadata(display_name=name, description=""),
            tensor=make_tensor_proto([text.encode()]),
        )
        self._write(step=step, summary=Summary(value=[value]))

    def settings(self, settings: dict[str, bool | int | float | str], name: str) -> None:
        """Write settings for the page of hyperparameters."""
        self._write(step=0, summary=hparams_pb(settings, trial_id=name))

    def ended(self, status: str) -> None:
        """Write how a run ended, for the page of hyperparameters."""
        how = STATUS_SUCCESS if status == "done" else STATUS_FAILURE
        told = HParamsPluginData(session_end_info=SessionEndInfo(status=how, end_time_secs=time.time()))
        value = Summary.Value(
            tag=hparams.SESSION_END_INFO_TAG,
            metadata=hparams.create_summary_metadata(told),
            tensor=hparams.NULL_TENSOR,
        )
        self._write(step=0, summary=Summary(value=[value]))

    def flush(self) -> None:
        """Hand everything to the system."""
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _write(self, **fields: Any) -> None:
        self._writer.write(Event(wall_time=time.time(), **fields).SerializeToString())
