"""What the display shows: each step of each run once, whoever makes it."""

from __future__ import annotations

import io
import re
from dataclasses import replace

from rich.console import Console

from tests.runner.contract import planned
from tunefork.plan import Plan
from tunefork.runner.watchers import Display

RUNS = tuple(replace(planned(text), name=text) for text in ("head", "last_layers", "lora:rank=2"))
"""Each of ten steps."""
NAMES = tuple(run.name for run in RUNS)


class Shown:
    """A display on a terminal of its own."""

    def __init__(self, *done: str) -> None:
        self._terminal = io.StringIO()
        console = Console(file=self._terminal, force_terminal=True, width=100, color_system=None)
        self.display = Display(console)
        self.begin(*done)

    def begin(self, *done: str) -> None:
        ids = {run.config.id for run in RUNS if run.name in done}
        self.display.begin(Plan(RUNS, (), {}, {}, {}), ids)

    def train(self, first: int, last: int, names: tuple[str, ...] = NAMES, group: int = 0) -> None:
        self.display.group(group, names, 10)
        for step in range(first, last + 1):
            self.display.step(group, step, None)

    def bars(self) -> list[str]:
        """The label of each bar that stands there at the end, and its count."""
        self.display.end()
        picture = self._terminal.getvalue().rsplit("\x1b[2K", 1)[-1]
        found = re.findall(r"^(.+?) +[━╸╺]* +(\d+/\d+) ", picture, re.MULTILINE)
        return [f"{label} {count}" for label, count in found]


def test_a_step_of_a_group_is_one_of_each_of_its_runs() -> None:
    shown = Shown()
    shown.train(1, 4)
    assert shown.bars() == ["study 12/30", "3 runs: head … 4/10"]


def test_a_group_that_goes_on_from_a_checkpoint_has_made_the_steps_before() -> None:
    shown = Shown()
    shown.train(7, 8)
    assert shown.bars() == ["study 24/30", "3 runs: head … 8/10"]


def test_a_group_that_another_worker_takes_up_has_one_bar_and_no_step_counts_twice() -> None:
    shown = Shown()
    shown.train(1, 6)
    shown.train(5, 7)
    assert shown.bars() == ["study 21/30", "3 runs: head … 7/10"]


def test_one_that_begins_anew_counts_from_where_the_other_was() -> None:
    shown = Shown()
    shown.train(1, 6)
    shown.train(1, 4)
    assert shown.bars() == ["study 18/30", "3 runs: head … 4/10"]


def test_runs_that_were_done_and_train_again_do_not_count() -> None:
    shown = Shown("head")
    shown.train(1, 4)
    assert shown.bars() == ["study 8/20", "3 runs: head … 4/10"]


def test_a_group_that_has_ended_has_no_bar_and_a_later_plan_counts_by_itself() -> None:
    shown = Shown()
    shown.train(1, 10, NAMES[:1], group=0)
    shown.display.finish(0, "head", "done", {"accuracy": 0.5}, "")
    shown.train(1, 3, NAMES[1:], group=1)  # its worker dies, and nobody tells of its end
    shown.begin("head")
    shown.train(1, 2, NAMES[1:], group=1)
    assert shown.bars() == ["study 16/30", "study 4/20", "2 runs: last_layers … 2/10"]
