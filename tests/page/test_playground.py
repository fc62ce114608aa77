from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunefork.errors import BusyError, DataError, StoreError
from tunefork.page.playground import Playground, PredictorModel, Said
from tunefork.page.trying import Reads
from tunefork.page.worker import Worker
from tunefork.problem import Problem


class Echo:
    """A model that says what it was asked, of a given size."""

    loads: list[str]

    def __init__(self, folder: Path) -> None:
        self.folder, self.size = folder, int(folder.name)
        Echo.loads.append(folder.name)

    def say(self, row: Any) -> Said:
        return Said(f"{self.folder.name}: {row[0]}")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Of models with 10, 20, 30 and 99 bytes."""
    Echo.loads = []
    made = [tmp_path / str(size) for size in (10, 20, 30, 99)]
    for folder in made:
        folder.mkdir()
        (folder / "tunefork.json").write_text("{}")
    return made


def test_a_model_is_loaded_once(folders: list[Path]) -> None:
    playground = Playground(Echo)
    assert not playground.loaded(folders[0])
    first, second = (playground.ask(folders[0], ("hello",)) for _ in range(2))
    assert (first.said.answer, second.said.answer, Echo.loads) == ("10: hello", "10: hello", ["10"])
    assert first.loading > 0
    assert second.loading == 0
    assert playground.loaded(folders[0])


def test_what_was_asked_longest_ago_goes(folders: list[Path]) -> None:
    playground = Playground(Echo, most=2)
    for place in (0, 1, 0, 2, 0, 1):
        playground.ask(folders[place], ("x",))
    assert Echo.loads == ["10", "20", "30", "20"]


def test_memory_is_bounded_but_for_the_last_one(folders: list[Path]) -> None:
    playground = Playground(Echo, memory=50)
    for place in (0, 1, 2):
        playground.ask(folders[place], ("x",))
    assert [playground.loaded(each) for each in folders] == [False, True, True, False]
    playground.ask(folders[3], ("x",))
    assert [playground.loaded(each) for each in folders] == [False, False, False, True]


def test_a_run_that_was_trained_again_is_loaded_again(folders: list[Path]) -> None:
    playground = Playground(Echo)
    playground.ask(folders[0], ("x",))
    os.utime(folders[0] / "tunefork.json", (1, 1))
    playground.ask(folders[0], ("x",))
    assert Echo.loads == ["10", "10"]


def test_a_run_without_a_model_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="The run has no model"):
        Playground(Echo).ask(tmp_path / "10", ("x",))


@pytest.mark.parametrize(
    ("problem", "temperature", "logits", "said"),
    [
        ("single_label", None, [0.0, np.log(3.0)], Said("b", (("a", 0.25), ("b", 0.75)))),
        ("single_label", 0.5, [0.0, np.log(3.0)], Said("b", (("a", 0.1), ("b", 0.9)), True)),
        ("multi_label", None, [np.log(4.0), np.log(3.0)], Said(["a", "b"], (("a", 0.8), ("b", 0.75)))),
        ("multi_label", None, [-np.log(4.0), -np.log(3.0)], Said([], (("a", 0.2), ("b", 0.25)))),
        ("regression", None, [2.5], Said(2.5)),
    ],
)
def test_every_problem_has_its_answer(
    monkeypatch: pytest.MonkeyPatch, problem: Problem, temperature: float | None, logits: list[float], said: Said
) -> None:
    import torch

    import tunefork.predictor

    class Fixed(tunefork.predictor.Predictor):
        def logits(self, rows: Any, batch_size: int = 64) -> np.ndarray:
            assert rows == [("a text",)]
            return np.array([logits], dtype=np.float64)

        def _rows(self, rows: Any) -> Any:
            return rows

    labels = ["price"] if problem == "regression" else ["a", "b"]
    facts = {"labels": labels, "temperature": temperature, "problem": problem, "text": ["text"]}
    made = Fixed(torch.nn.Linear(3, 2), facts, tunefork.predictor.TextReader(None, facts), 0)
    monkeypatch.setattr(tunefork.predictor, "load_model", lambda folder: made)
    model = PredictorModel(Path("anywhere"))
    assert model.size == (3 * 2 + 2) * 4
    found = model.say(("a text",))
    assert (found.answer, found.calibrated) == (said.answer, said.calibrated)
    assert [label for label, _ in found.chances] == [label for label, _ in said.chances]
    assert [share for _, share in found.chances] == pytest.approx([share for _, share in said.chances])


@pytest.mark.parametrize(
    ("reads", "given", "message"),
    [
        (Reads(False, ("a",)), ["x", "y"], "The model reads 1 text (texts). Found: 2. Give a."),
        (Reads(False, ("a", "b")), ["x"], "The model reads 2 texts (texts). Found: 1. Give a, b."),
        (Reads(False, ("a", "b")), ["x", " "], "The text is empty (texts.1). Write something."),
        (Reads(False, ("a",)), b"\x89PNG", "The model reads texts (body). Found: a picture."),
        (Reads(True, ()), ["x"], "The model reads a picture (body). Found: texts."),
        (Reads(True, ()), b"", "There is no picture (body). Send a picture's file."),
    ],
)
def test_rows_that_a_model_does_not_read(reads: Reads, given: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        reads.row(given)
    assert str(caught.value) == message


def test_one_thing_is_done_at_a_time_and_only_so_many_wait() -> None:
    async def go() -> list[int]:
        worker, at_once, order = Worker(waiting=3), 0, []
        go_on = threading.Event()

        def task(number: int) -> int:
            nonlocal at_once
            at_once += 1
            assert at_once == 1
            go_on.wait(5)
            order.append(number)
            at_once -= 1
            return number

        waiting = [asyncio.ensure_future(worker.do(lambda number=number: task(number))) for number in range(3)]  # type: ignore[misc]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match="The page is busy"):
            await worker.do(lambda: 3)
        go_on.set()
        assert await asyncio.gather(*waiting) == [0, 1, 2]
        assert await worker.do(lambda: 4) == 4
        return order

    assert asyncio.run(go()) == [0, 1, 2]
