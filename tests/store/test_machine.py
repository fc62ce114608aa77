"""Folders that processes of a machine share: gone with the last one, also where that was killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tunefork.store import machine
from tunefork.store.machine import MachineFolder, alone, machine_folder, sweep

fcntl = pytest.importorskip("fcntl")


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return machine._base()


@contextmanager
def another(code: str, base: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that does something and stays; killed at the end."""
    text = f"import tempfile, time\ntempfile.tempdir = {str(base.parent)!r}\n{code}\nprint('there', flush=True)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{text}time.sleep(300)"], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_last_one_takes_it_away(base: Path) -> None:
    one, other = MachineFolder("a"), MachineFolder("a")
    (one.path / "file").write_text("x")
    assert one.path == other.path == base / "a"
    one.leave()
    one.leave()
    assert (other.path / "file").read_text() == "x"
    other.leave()
    assert list(base.iterdir()) == []


def test_after_a_kill_whoever_enters_next_takes_it_away(base: Path) -> None:
    with another("from tunefork.store.machine import MachineFolder\nkept = MachineFolder('a')", base):
        sweep()
        assert (base / "a").is_dir(), "somebody is there"
    assert (base / "a").is_dir()
    with MachineFolder("b"):
        assert sorted(each.name for each in base.iterdir()) == ["b", "b.lock"]


def test_who_enters_while_the_last_one_leaves_has_a_folder(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = MachineFolder("a")
    plain, left = fcntl.flock, []

    def flock(handle: int, how: int) -> None:
        if how == fcntl.LOCK_SH and not left:
            left.append(1)
            (base / "a.lock").unlink()  # as the last one does, between our opening and our locking
        plain(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    second = MachineFolder("a")
    monkeypatch.undo()
    assert (base / "a.lock").exists(), "others see that it is there"
    sweep()
    assert second.path.is_dir()
    first.leave()
    assert second.path.is_dir(), "the first one's lock is no more"


def test_a_lock_goes_with_its_process(base: Path) -> None:
    code = f"from tunefork.store.machine import alone\nkept = alone(__import__('pathlib').Path({str(base / 'l')!r}))"
    with another(f"{code}\nkept.__enter__()", base):
        pass
    with alone(base / "l"):
        pass


def test_a_place_that_others_can_write_to_is_not_used(base: Path) -> None:
    base.chmod(0o777)
    with pytest.raises(PermissionError, match="is not a folder of this user alone"):
        MachineFolder("a")
    assert machine_folder("a") is None
