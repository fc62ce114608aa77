"""Every number reaches a tracker once, whatever becomes of the study; and a tracker can do the study no harm."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.trackers.following_of import COMPARE, Hearing, Listing, expected, instead, of_trackers, statuses, study
from tunefork.errors import StoppedError
from tunefork.store import RunRecord, StudyRecord
from tunefork.trackers import Point

METHODS = ("begin_study", "begin_run", "tell", "end_run", "end_study", "close")


def compared(folder: Path, tracker: Listing) -> None:
    wanted = expected(folder)
    assert tracker.points.keys() == wanted.keys()
    for run, points in tracker.points.items():
        assert len(points) == len(dict(points)), "no number is told twice"
        assert dict(points) == wanted[run]


def test_a_tracker_is_told_everything_once_and_in_order(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker, watcher, out = Listing(), Hearing(), tmp_path / "out"
    instead(monkeypatch, tracker)
    results = study(tiny_folder, messages_csv, "tensorboard").run(out, progress=watcher, workers=1)
    compared(out, tracker)
    assert tracker.ends == statuses(results)
    assert set(tracker.ends.values()) == {"done"}
    assert (tracker.calls[0], *tracker.calls[-2:]) == ("begin_study", "end_study", "close")
    assert tracker.calls.count("begin_study") == tracker.calls.count("end_study") == 1
    assert watcher.of_study == []
    for points in tracker.points.values():
        steps = [key.step for key, _ in points if key.name == "train/loss"]
        assert steps == sorted(steps)
    before = list(tracker.calls)
    study(tiny_folder, messages_csv, "tensorboard").run(out, progress=False, workers=1)
    assert tracker.calls == [*before, "close"], "of a study that has ended nothing is told again"


def test_two_workers_are_told_of_once(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker, out = Listing(), tmp_path / "out"
    instead(monkeypatch, tracker)
    study(tiny_folder, messages_csv, "tensorboard", seeds=2).run(out, progress=False, workers=2)
    compared(out, tracker)
    assert len(tracker.points) == 4


def test_a_study_that_was_stopped_goes_on_in_the_tracker(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asking(Hearing):
        def step(self, group: int, step: int, loss: float | None) -> None:
            super().step(group, step, loss)
            if self.steps == 15:
                os.kill(os.getpid(), signal.SIGTERM)

    tracker, out = Listing(), tmp_path / "out"
    instead(monkeypatch, tracker)
    with pytest.raises(StoppedError):
        study(tiny_folder, messages_csv, "tensorboard").run(out, progress=Asking(), workers=1)
    assert "end_study" not in tracker.calls
    told = sum(map(len, tracker.points.values()))
    assert told
    study(tiny_folder, messages_csv, "tensorboard").run(out, progress=False, workers=1)
    assert sum(map(len, tracker.points.values())) > told
    compared(out, tracker)


def test_a_study_without_trackers_may_be_told_later(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker, out = Listing(), tmp_path / "out"
    study(tiny_folder, messages_csv, ()).run(out, progress=False, workers=1)
    instead(monkeypatch, tracker)
    study(tiny_folder, messages_csv, "tensorboard").run(out, progress=False, workers=1)
    compared(out, tracker)


@pytest.mark.parametrize("method", METHODS)
def test_whatever_a_tracker_raises_it_is_told_once_and_left_alone(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    class Failing(Listing):
        pass

    def fail(self: Failing, *_: object) -> None:
        self.calls.append(method)
        raise SystemExit("the server\nis gone") if method == "tell" else OSError("the server\nis gone")

    setattr(Failing, method, fail)
    tracker, watcher, out = Failing(), Hearing(), tmp_path / "out"
    instead(monkeypatch, tracker)
    results = study(tiny_folder, messages_csv, "mlflow", compare=COMPARE[:1]).run(out, progress=watcher, workers=1)
    assert set(statuses(results).values()) == {"done"}
    assert len(watcher.of_study) == 1
    assert watcher.of_study[0].startswith("tracker mlflow failed and is left alone: ")
    assert "the server\\nis gone" in watcher.of_study[0]
    assert of_trackers(results) == watcher.of_study
    assert "the server" in (out / "report.html").read_text(encoding="utf-8")
    assert tracker.calls.count(method) == 1
    assert tracker.calls[-1] == method, "nothing is asked of it any more"
    again = Listing()
    instead(monkeypatch, again)
    results = study(tiny_folder, messages_csv, "mlflow", compare=COMPARE[:1]).run(out, progress=False, workers=1)
    assert of_trackers(results) == []
    if method in METHODS[:4]:
        compared(out, again)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """An event for which a tracker waits; it comes when the test has ended."""
    event = threading.Event()
    yield event
    event.set()


def test_a_tracker_that_hangs_holds_up_nothing(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
) -> None:
    class Hanging(Listing):
        def tell(self, run: RunRecord, points: Sequence[Point]) -> None:
            super().tell(run, points[:0])
            hanging.wait()

    watcher, out, tracker = Hearing(), tmp_path / "out", Hanging()
    instead(monkeypatch, tracker, limit=0.5)
    monkeypatch.setattr("tunefork.trackers.following.ONCE", 1)
    results = study(tiny_folder, messages_csv, "mlflow").run(out, progress=watcher, workers=1)
    assert set(statuses(results).values()) == {"done"}
    count = sum(map(len, expected(out).values()))
    assert len(watcher.of_study) == 1
    assert "had not taken everything 0.5 s after the end" in watcher.of_study[0]
    assert f"{count:,} numbers of 2 runs are not known to be there" in watcher.of_study[0]
    assert of_trackers(results) == watcher.of_study
    assert watcher.told_at - watcher.ended_at < 5
    hanging.set()
    wait_for_threads()
    assert tracker.calls == ["begin_study", "begin_run", "tell"], "it is left alone when it comes back"
    assert len(watcher.of_study) == 1


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("tracker "):
            thread.join(10)


def test_a_study_s_end_is_told_of_a_run_that_failed(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Studies(Listing):
        def begin_study(self, study: StudyRecord) -> None:
            super().begin_study(study)
            self.study = study

    import tunefork.runner.group

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(tunefork.runner.group, "assemble", broken)
    tracker, out = Studies(), tmp_path / "out"
    instead(monkeypatch, tracker)
    study(tiny_folder, messages_csv, "tensorboard", compare=COMPARE[:1]).run(out, progress=False, workers=1)
    assert set(tracker.ends.values()) == {"failed"}
    assert tracker.study.name == "tracked"
    assert tracker.study.rows["train"] > 0
    monkeypatch.undo()
    instead(monkeypatch, tracker)
    study(tiny_folder, messages_csv, "tensorboard", compare=COMPARE[:1]).run(out, progress=False, workers=1)
    assert set(tracker.ends.values()) == {"done"}


def test_a_library_that_cannot_be_imported_is_a_tracker_that_fails(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tunefork.trackers.following

    def broken(_: object) -> None:
        raise ImportError("libfortran.so.5 is missing")

    monkeypatch.setattr(tunefork.trackers.following, "load_tracker", broken)
    watcher = Hearing()
    made = study(tiny_folder, messages_csv, "mlflow", compare=COMPARE[:1]).run(
        tmp_path / "out", progress=watcher, workers=1
    )
    assert set(statuses(made).values()) == {"done"}
    assert len(watcher.of_study) == 1
    assert "ImportError: libfortran.so.5 is missing" in watcher.of_study[0]
