"""A worker whose pool dies, at whatever moment, goes without a word."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.contract import RUNS, RunnerContract, planned
from tunefork.runner.messages import Stop
from tunefork.runner.orders import open_orders
from tunefork.runner.pool import setup_of
from tunefork.store import SqliteStore

WORKER = [sys.executable, "-m", "tunefork.runner.worker"]
WORD = pickle.dumps({"any": "word"} | {str(number): number for number in range(1000)})
UNHEARD = """
import os
from tunefork.runner.worker import Event, Telling

reading, writing = os.pipe()
os.close(reading)
Telling(os.fdopen(writing, "wb")).send(Event("done"))
print("went on")
"""

STUCK = """
from tunefork.runner.worker import _ending

class Stuck:
    def leave(self):
        raise PermissionError("somebody else's")

_ending([Stuck()])(3)
"""


@pytest.mark.parametrize("length", [0, 1, 2, 10, 100, len(WORD) // 2, len(WORD) - 1])
def test_a_word_that_is_cut_is_the_end(length: int) -> None:
    done = subprocess.run(WORKER, input=WORD[:length], capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_no_word_is_told() -> None:
    done = subprocess.run(WORKER, input=b"\x80\x05\xff" + WORD, capture_output=True, check=False, timeout=120)
    assert done.returncode == 1
    assert b"UnpicklingError" in done.stderr


def test_nobody_listens_any_more() -> None:
    done = subprocess.run([sys.executable, "-c", UNHEARD], capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_stop_right_behind_the_setup_is_heard(tmp_path: Path) -> None:
    contract = RunnerContract()
    contract.threads = 1
    store = SqliteStore(tmp_path / "study")
    plan, job = contract.prepare(store, [planned(RUNS[1])])
    _, orders = open_orders(plan, job, store)
    told = [setup_of(job, store, 1, 1), pickle.dumps(orders[0]), pickle.dumps(Stop(15))]
    worker = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b"".join(told))  # all of it is there before the worker has imported torch
    worker.stdin.flush()
    events = []
    while not events or events[-1].name not in ("halted", "done"):
        events.append(pickle.load(worker.stdout))
    worker.communicate()
    assert (events[-1].name, events[-1].arguments) == ("halted", ("StoppedError", 15))


def test_it_ends_also_where_its_place_cannot_be_left() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"PermissionError: somebody else's" in done.stderr
