"""One process at a time works in a study's folder."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tunefork.errors import BusyError
from tunefork.store.lease import FILE, holder, lease

HOLDS = """
import sys, time
from pathlib import Path
from tunefork.store.lease import lease
with lease(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holding(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_who_only_looks_is_in_nobodys_way(tmp_path: Path) -> None:
    with lease(tmp_path):
        pass
    (tmp_path / FILE).write_text("{}")  # as whoever was killed leaves it
    looking = os.open(tmp_path / FILE, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_EX)
    threading.Timer(0.05, os.close, [looking]).start()
    with lease(tmp_path):
        pass


def test_a_folder_may_be_looked_at_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.open

    def open_as_a_guest(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(path)
        return plain(path, flags, *mode)

    with lease(tmp_path):
        monkeypatch.setattr(os, "access", lambda *_: False)
        monkeypatch.setattr(os, "open", open_as_a_guest)
        assert (holder(tmp_path) or {})["pid"] == os.getpid()
        monkeypatch.undo()


def test_an_empty_file_is_not_even_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lease(tmp_path):
        pass
    monkeypatch.setattr("tunefork.store.lease._locked", lambda *_: pytest.fail("it was"))
    assert holder(tmp_path) is None


def test_the_second_is_told_who_holds_it_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    process = holding(folder)
    try:
        with pytest.raises(BusyError) as caught, lease(folder):
            pass
        told = str(caught.value)
        assert told.startswith(
            f"Another process is at work in this folder ({folder}). Found: process {process.pid} on "
        )
        assert socket.gethostname() in told
        assert "Wait for it or stop it, or choose another folder with -o." in told
        known = holder(folder)
        assert known is not None
        assert known["pid"] == process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with lease(folder):
        assert f'"pid": {os.getpid()}' in (folder / FILE).read_text(encoding="utf-8")
    assert holder(folder) is None


def test_of_many_that_come_at_once_one_gets_it(tmp_path: Path) -> None:
    script = HOLDS.replace("time.sleep(60)", "time.sleep(3)")
    go = time.time()
    many = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    told = [process.communicate(timeout=60) for process in many]
    assert time.time() - go < 60
    assert sorted(out for out, _ in told) == ["", "", "", "", "held\n"]
    assert sum("BusyError" in error for _, error in told) == 4


def test_a_folder_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
