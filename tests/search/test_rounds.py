"""A search from its first trial to its choice, with a trainer that only pretends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tunefork.config import StudyConfig
from tunefork.search import Request, Score, Searching, arms_of, winner
from tunefork.store import MemoryStore
from tunefork.study_file import parse_study


class Pretended:
    """The nearer a rate is to 1e-3 in logarithms, the better; rates above 5e-3 diverge."""

    def __init__(self, stop: int = 10**9) -> None:
        self.calls: list[tuple[str, list[tuple[str, int, int]]]] = []
        self._stop = stop

    def __call__(self, name: str, requests: Sequence[Request]) -> Mapping[str, Score]:
        self.calls.append((name, [(each.trial.arm.name, each.trial.number, each.until) for each in requests]))
        if len(self.calls) > self._stop:
            raise KeyboardInterrupt
        return {each.run.id: self._score(each) for each in requests}

    def _score(self, request: Request) -> Score:
        rate = float(request.trial.chosen["learning_rate"])
        if rate > 5e-3:
            return Score(math.nan, 3, 1.0, "diverged", "the loss was nan")
        return Score(abs(math.log10(rate) + 3) + 1 / request.until, request.until, 1.0)


def study(search: str) -> StudyConfig:
    return parse_study(
        f"data: a.csv\ncompare: [full, lora]\ntraining: {{epochs: 9, batch_size: 10}}\nsearch: {search}\nseeds: 2"
    )


def searching(config: StudyConfig, file: Path, trials: int, share: float = 1.0) -> Searching:
    assert config.search is not None
    arms = arms_of(config, config.search)
    return Searching(arms, config, config.search, {arm.key: trials for arm in arms}, 100, file, share)


def test_trials_of_all_arms_are_trained_in_batches(tmp_path: Path) -> None:
    train, store = Pretended(), MemoryStore(tmp_path)
    searching(study("{batch: 4}"), tmp_path / "o.db", 6).go(train, store)
    assert [(name, len(asked)) for name, asked in train.calls] == [
        ("trials from 0, rung 1 of 1", 8), ("trials from 4, rung 1 of 1", 4),
    ]  # fmt: skip
    assert {until for _, asked in train.calls for _, _, until in asked} == {90}
    assert [(each.name, each.number) for each in store.trials()] == [
        *[("full", number) for number in range(4)], *[("LoRA r=8 query+value", number) for number in range(4)],
        ("full", 4), ("full", 5), ("LoRA r=8 query+value", 4), ("LoRA r=8 query+value", 5),
    ]  # fmt: skip
    assert {(each.metric, each.seed, each.steps) for each in store.trials()} == {("loss", 1000, 90)}


def test_halving_goes_on_with_one_in_three(tmp_path: Path) -> None:
    config, train, store = study("{halving: 3, method: random}"), Pretended(), MemoryStore(tmp_path)
    searching(config, tmp_path / "o.db", 9).go(train, store)
    sizes = [[sum(name == arm for name, _, _ in asked) for arm in ("full", "LoRA r=8 query+value")]
             for _, asked in train.calls]  # fmt: skip
    assert sizes == [[9, 9], [3, 3], [1, 1]]
    assert [sorted({until for _, _, until in asked}) for _, asked in train.calls] == [[10], [30], [90]]
    assert config.search is not None
    for arm in arms_of(config, config.search):
        own = [each for each in store.trials() if each.arm == arm.key]
        best = winner(store.trials(), arm)
        assert best is not None
        assert (best.status, best.step) == ("done", 90)
        values = {each.number: abs(math.log10(each.settings["learning_rate"]) + 3) for each in own}
        finite = [number for number, each in enumerate(own) if each.status != "diverged"]
        assert best.number == min(finite, key=lambda number: values[number])
        assert sum(each.status == "eliminated" for each in own) == len(finite) - 1
        assert {each.value for each in own if each.status == "diverged"} <= {None}


def test_a_share_of_the_training_is_the_last_rung(tmp_path: Path) -> None:
    train, store = Pretended(), MemoryStore(tmp_path)
    searching(study("{halving: 3, method: random}"), tmp_path / "o.db", 4, share=1 / 3).go(train, store)
    assert [sorted({until for _, _, until in asked}) for _, asked in train.calls] == [[10], [30]]


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    config = study("{batch: 2, method: random}")
    whole, store = Pretended(), MemoryStore(tmp_path)
    searching(config, tmp_path / "whole.db", 6).go(whole, store)
    parts = MemoryStore(tmp_path)
    broken = Pretended(stop=1)
    with pytest.raises(KeyboardInterrupt):
        searching(config, tmp_path / "parts.db", 6).go(broken, parts)
    rest = Pretended()
    searching(config, tmp_path / "parts.db", 6).go(rest, parts)
    assert broken.calls[:1] + rest.calls == whole.calls
    assert parts.trials() == store.trials()


def test_the_winner_is_the_best_of_those_trained_furthest(tmp_path: Path) -> None:
    config, store = study("{method: random}"), MemoryStore(tmp_path)
    searching(config, tmp_path / "o.db", 4).go(Pretended(), store)
    assert config.search is not None
    arm = arms_of(config, config.search)[0]
    one, two, three, four = (each for each in store.trials() if each.arm == arm.key)
    from dataclasses import replace

    short = replace(one, status="eliminated", value=0.1)
    tried = [short, replace(two, value=0.5), replace(three, value=0.5), replace(four, value=None)]
    assert winner(tried, arm) == tried[1]
    assert winner([short], arm) == short
    assert winner([tried[3]], arm) is None
    high = [replace(each, metric="accuracy", lower=False) for each in tried[1:3]]
    assert winner([high[0], replace(high[1], value=0.6)], arm) == replace(high[1], value=0.6)
