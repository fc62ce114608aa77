"""What study files may say of a search."""

from __future__ import annotations

import pytest

from tunefork.config import Choices, Range, Search, dimension
from tunefork.errors import StudyFileError
from tunefork.study_file import parse_study, write_study

PLAIN = "data: a.csv\ncompare: [full]\n"


def test_ranges_and_lists() -> None:
    assert dimension("1e-5..1e-3") == Range(1e-5, 1e-3, whole=False)
    assert dimension(" 2 .. 64 ") == Range(2, 64, whole=True)
    assert dimension([1, "a", True]) == Choices((1, "a", True))
    assert (dimension("1e-5..1e-3").log, dimension("0..0.5").log, dimension("2..8").log) == (True, False, False)


@pytest.mark.parametrize("value", ["64..2", "1..", "a..b", [], [[1]], {"a": 1}, None, [1, 1], "1..1"])
def test_what_is_neither_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"range|list"):
        dimension(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{space: {lora: {ranks: [1]}}}", "search.space.lora.ranks: lora has no such setting. Did you mean 'rank'?"),
        ("{space: {lorra: {rank: [1]}}}", "search.space has no 'lorra'. Did you mean 'lora'?"),
        ("{space: {lora: {rank: [0, 3]}}}", "search.space.lora.rank: lora.rank: Input should be greater than or"),
        (
            "{space: {training: {epoch: [1]}}}",
            "search.space.training.epoch: this is not searched. Did you mean 'epochs'?",
        ),
        ("{space: {lora: {dropout: 0..2}}}", "search.space.lora.dropout: lora.dropout: Input should be less than 1"),
        ("{method: bayes}", "Input should be 'tpe', 'random' or 'grid' (study line 3, search.method). Found: 'bayes'."),
        ("{trials: 0}", "(study line 3, search.trials). Found: 0."),
        ("{halving: 1}", "greater than or equal to 2 (study line 3, search.halving). Found: 1."),
        ("{time: soon}", "a time such as 90s, 10m or 2h but got 'soon'"),
        ("{tries: 3}", "There is no setting 'tries' here (study line 3, search.tries)"),
        ("{seed: 0}", "search.seed 0 is one of the study's seeds; what a seed has chosen, it cannot judge"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(f"{PLAIN}search: {text}")
    assert message in str(caught.value)


def test_a_search_needs_validation_rows_and_rates_of_its_own() -> None:
    with pytest.raises(StudyFileError, match=r"search chooses on validation rows, and data\.validation is 0"):
        parse_study("data: {train: a.csv, validation: 0}\ncompare: [full]\nsearch: {}")
    with pytest.raises(StudyFileError, match="search gives each configuration a rate of its own"):
        parse_study(f"{PLAIN}training: {{shared_learning_rate: 1e-3}}\nsearch: {{}}".replace("1e-3", "0.001"))


def test_it_is_written_and_read_back() -> None:
    study = parse_study(f"{PLAIN}search: {{trials: 4, halving: true, time: 10m, space: {{lora: {{rank: [2, 8]}}}}}}")
    assert study.search == Search(trials=4, halving=3, time=600.0, space={"lora": {"rank": [2, 8]}})
    assert parse_study(write_study(study)) == study
    assert parse_study(PLAIN).search is None
