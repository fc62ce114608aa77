from __future__ import annotations

from typing import Any

import pytest

from tests.page.made import run, step
from tunefork.page.pace import Pace, pace, seconds_left
from tunefork.store import RunRecord


def at(record: RunRecord, *steps: Any) -> Pace:
    return pace(record, 160, steps[0] if steps else None, steps[-1] if steps else None)


def test_how_far_a_run_is() -> None:
    running = run(status="running", steps=0)
    cases = [
        (run(), [], (0, 20, 0.0)),
        (running, [], (0, 20, 0.0)),
        (running, [step(running, 4, seconds=2.0)], (4, 20, 0.5)),
        (running, [step(running, 4, seconds=2.0), step(running, 8, seconds=6.0)], (8, 20, 1.0)),
        (run(status="running", steps=12), [], (12, 20, 0.0)),
        (run(status="done", steps=15, seconds=30.0), [], (15, 15, 2.0)),
        (run(status="failed", steps=0), [], (0, 0, 0.0)),
        (run(status="something new", steps=7, seconds=7.0), [], (7, 7, 1.0)),
        (run(status="running", config={"training": {"epochs": "of an older version"}}), [], (20, 0, 0.0)),
    ]
    for record, steps, wanted in cases:
        found = at(record, *steps)
        assert (found.step, found.steps, found.each) == wanted, record.status


def test_what_is_left_is_told_by_runs_that_have_ended() -> None:
    done, waiting = at(run(status="done", seconds=40.0)), at(run(seed=1))
    other = at(run(seed=2, strategy="full"))
    assert seconds_left([done, waiting]) == pytest.approx(20 * 2.0)
    assert seconds_left([done, waiting, other]) == pytest.approx(2 * 20 * 2.0)
    assert seconds_left([done, waiting, other], workers=2) == pytest.approx(20 * 2.0)


def test_runs_of_one_pass_advance_together() -> None:
    together = [run(seed=seed, status="running", steps=0) for seed in range(4)]
    steps = [[step(each, 5, seconds=2.0), step(each, 10, seconds=7.0)] for each in together]
    assert seconds_left([at(each, *its) for each, its in zip(together, steps)]) == pytest.approx(10 * 1.0)
    assert seconds_left([at(each, *its) for each, its in zip(together, steps)], workers=2) == pytest.approx(10 * 1.0)


def test_nothing_is_known_at_first() -> None:
    assert seconds_left([]) is None
    assert seconds_left([at(run())]) is None
