"""Which settings are tried, and that an interrupted search tries the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tunefork.errors import MissingExtraError, StoreError
from tunefork.search import Proposals, arms_of
from tunefork.study_file import parse_study

SPACE = "{lora: {rank: [2, 8, 32], dropout: 0..0.3}}"


def proposals(file: Path, method: str, trials: int, space: str = SPACE) -> Proposals:
    config = parse_study(f"data: a.csv\ncompare: [lora]\nsearch: {{method: {method}, space: {space}}}")
    assert config.search is not None
    return Proposals(arms_of(config, config.search)[0], config.search, trials, file)


def value(chosen: object) -> float:
    assert isinstance(chosen, dict)
    return abs(chosen["rank"] - 8) + abs(chosen["dropout"] - 0.1) + 100 * abs(chosen["learning_rate"] - 1e-3)


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_so_many_trials_and_no_more(tmp_path: Path, method: str) -> None:
    made = proposals(tmp_path / "a.db", method, 7)
    sizes, seen = [], []
    while asked := made.ask(3):
        sizes.append(len(asked))
        for trial in asked:
            seen.append(dict(trial.chosen))
            made.tell(trial, value(dict(trial.chosen)))
    assert (sizes, made.made, len(seen)) == ([3, 3, 1], 7, 7)
    assert all(1e-4 <= each["learning_rate"] <= 1e-2 and each["rank"] in (2, 8, 32) for each in seen)


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_an_interrupted_search_asks_what_it_would_have_asked(tmp_path: Path, method: str) -> None:
    whole = proposals(tmp_path / "whole.db", method, 9)
    expected = []
    while asked := whole.ask(3):
        for trial in asked:
            expected.append(dict(trial.chosen))
            whole.tell(trial, value(dict(trial.chosen)))
    found = []
    for stop in (4, 5):  # the process ends in the middle of a batch
        part = proposals(tmp_path / "parts.db", method, 9)
        for _ in range(stop):
            trial = part.ask(3)[0]
            found.append(dict(trial.chosen))
            part.tell(trial, value(dict(trial.chosen)))
    if method == "tpe":  # how many are under way is part of what it goes by; the first batch is the same
        assert found[:3] == expected[:3]
    else:
        assert found == expected


def test_tpe_begins_with_the_usual_settings(tmp_path: Path) -> None:
    first = proposals(tmp_path / "a.db", "tpe", 4).ask(2)
    assert dict(first[0].chosen) == {"learning_rate": 1e-3, "rank": 8, "dropout": 0.0}
    narrow = proposals(tmp_path / "b.db", "tpe", 4, "{lora: {rank: [2, 4]}}").ask(1)
    assert narrow[0].chosen["rank"] in (2, 4)


def test_a_grid_takes_every_combination_once(tmp_path: Path) -> None:
    made = proposals(tmp_path / "a.db", "grid", 100, "{lora: {rank: [2, 8], learning_rate: [0.001, 0.01]}}")
    asked = made.ask(100)
    assert sorted((trial.chosen["rank"], trial.chosen["learning_rate"]) for trial in asked) == [
        (2, 0.001), (2, 0.01), (8, 0.001), (8, 0.01),
    ]  # fmt: skip
    ranges = proposals(tmp_path / "b.db", "grid", 100, "{lora: {learning_rate: 1e-4..1e-2}}")
    rates = sorted(trial.chosen["learning_rate"] for trial in ranges.ask(100))
    assert rates == pytest.approx([1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2], rel=1e-5)


def test_a_trial_that_diverged_is_worse_than_any_number(tmp_path: Path) -> None:
    made = proposals(tmp_path / "a.db", "tpe", 3)
    trial = made.ask(1)[0]
    made.tell(trial, float("nan"))
    assert made.made == 1
    assert made._study.trials[0].value == float("inf")


def test_without_optuna_the_command_to_install_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"needs the package optuna.*pip install 'tunefork\[search\]'"):
        proposals(tmp_path / "a.db", "tpe", 3)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"The search's record cannot be used \(.*a\.db\)"):
        proposals(tmp_path / "a.db", "tpe", 3)
