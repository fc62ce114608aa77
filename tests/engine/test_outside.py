"""What comes from outside is found by the first process and told to the others."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tunefork.engine import Training, ask
from tunefork.engine.evaluate import evaluate
from tunefork.engine.outside import Outside, Word
from tunefork.engine.parallel import Alone


class Wired(Alone):
    """One of two processes: what the first says is kept for the second."""

    size = 2

    def __init__(self, rank: int, said: list[list[float]]) -> None:
        self.rank, self._said = rank, said

    def meet(self, values: Sequence[float]) -> list[float]:
        if self.rank == 0:
            self._said.append(list(values))
            return list(values)
        assert not any(values), "the second has nothing to say"
        return self._said.pop(0)


class Wanting:
    """Somebody wants one run to end behind step 3, and the study behind step 5."""

    def __init__(self) -> None:
        self.step = 0

    def stop(self) -> int | None:
        return signal.SIGTERM if self.step == 5 else None

    def unread(self, step: int, steps: int, seconds: Mapping[str, float]) -> frozenset[str]:
        self.step = step
        return frozenset({"b"} if step >= 3 else set())


@pytest.mark.parametrize("deadline", [None, 1.0])
def test_the_second_process_does_what_the_first_has_found(deadline: float | None) -> None:
    said: list[list[float]] = []
    first = Outside(["a", "b"], 9, deadline, Wanting(), Wired(0, said))
    second = Outside(["a", "b"], 9, None, None, Wired(1, said))
    for step in range(1, 6):
        ours = first.look(step, 9, {"a": 1.0, "b": 1.0})
        assert second.look(step, 9, {}) == ours == Word(deadline is not None, signal.SIGTERM if step == 5 else None)
        assert first.unread == second.unread == frozenset({"b"} if step >= 3 else set())


def test_a_signal_counts_where_the_first_process_got_it() -> None:
    said: list[list[float]] = []
    first, second = (Outside(["a"], 9, None, None, Wired(rank, said)) for rank in (0, 1))
    try:
        ask(signal.SIGINT)
        assert first.look(1, 9, {}).asked == second.look(1, 9, {}).asked == signal.SIGINT
        ask(None)
        first.look(2, 9, {})
        ask(signal.SIGINT)
        assert second.look(2, 9, {}).asked is None
    finally:
        ask(None)


def test_behind_its_last_step_nobody_is_asked_to_stop() -> None:
    outside = Outside(["a"], 9, None, Wanting(), Alone())
    assert outside.look(5, 5, {}).asked is None
    assert outside.look(5, 6, {}).asked == signal.SIGTERM


def test_others_that_leave_are_not_told_of_a_checkpoint_that_failed() -> None:
    """They have stopped already, and would never answer."""
    calls: list[str] = []

    def keep(_snapshot: object) -> None:
        calls.append("keep")
        raise OSError(28, "No space left on device")

    training: Any = SimpleNamespace(
        _devices=SimpleNamespace(agreed=lambda: calls.append("agreed")),
        _checkpoints=SimpleNamespace(keep=keep, due=lambda _step: False),
        _snapshot=lambda _step: None,
    )
    with pytest.raises(OSError, match="No space"):
        Training._keep(training, 3, 15)
    assert calls == ["agreed", "keep"]


def test_a_process_without_a_batch_settles_too() -> None:
    """All are to hold the same bits behind an evaluation, whoever had rows of it."""
    calls: list[str] = []
    group: Any = SimpleNamespace(
        members=SimpleNamespace(active=(0,)),
        train=lambda mode: calls.append(f"train {mode}"),
        settle=lambda: calls.append("settle"),
        model=SimpleNamespace(config=SimpleNamespace(num_labels=2)),
        precision=SimpleNamespace(device="cpu"),
    )
    split: Any = SimpleNamespace(lengths=np.array([3, 2]))
    found = evaluate(group, split, 8, 0, Wired(1, [[]]))
    assert calls == ["train False", "settle"]
    assert found.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]
