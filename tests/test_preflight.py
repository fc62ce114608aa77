"""Checks collect what is wrong, go past what can be left out, and tell everything at once."""

from __future__ import annotations

import pytest

from tunefork.config import DataConfig
from tunefork.errors import ConfigError, DataError, DataProblemsError, ModelError, ProblemsError, TuneforkError
from tunefork.preflight import Preflight


def failing(error: TuneforkError) -> object:
    raise error


def test_what_is_wrong_alone_is_raised_as_it_is() -> None:
    checks, error = Preflight(), DataError("No label", where="a.csv line 3")
    assert checks.look(lambda: failing(error)) is None
    assert checks.look(lambda: 7) == 7
    with pytest.raises(DataError) as caught:
        checks.settle()
    assert caught.value is error


def test_several_are_told_once_each_and_in_order() -> None:
    checks = Preflight()
    first, second = DataError("No label", where="a.csv line 3"), ConfigError("No such metric", where="selection.metric")
    checks.look(lambda: failing(first))
    checks.look(lambda: failing(ProblemsError([first, second])))
    with pytest.raises(ProblemsError) as caught:
        checks.settle()
    assert str(caught.value) == (
        "2 problems in the study:\n  1. No label (a.csv line 3).\n  2. No such metric (selection.metric)."
    )
    assert caught.value.exit_status == 2
    assert not isinstance(caught.value, DataError)


def test_problems_of_rows_are_an_error_of_rows() -> None:
    checks = Preflight()
    for line in (3, 4):
        checks.look(lambda line=line: failing(DataError("No label", where=f"a.csv line {line}")))
    with pytest.raises(DataError, match=r"^2 problems in the rows:") as caught:
        checks.settle()
    assert isinstance(caught.value, DataProblemsError)


def test_nothing_wrong_is_nothing() -> None:
    checks = Preflight()
    assert checks.past(lambda config: config.train, DataConfig(train="a.csv")) == "a.csv"
    checks.settle()


def test_a_check_goes_past_what_a_setting_leaves_out() -> None:
    seen: list[tuple[bool, bool]] = []

    def check(config: DataConfig) -> str:
        seen.append((config.drop_missing, config.drop_empty))
        if not config.drop_missing:
            raise DataError("No label", past={"drop_missing": True})
        if not config.drop_empty:
            raise DataError("No text", past={"drop_empty": True})
        raise DataError("Two kinds of labels", past={"drop_empty": True})

    checks = Preflight()
    assert checks.past(check, DataConfig(train="a.csv")) is None
    assert seen == [(False, False), (True, False), (True, True)]
    assert [each.what for each in checks.problems] == ["No label", "No text", "Two kinds of labels"]


def test_what_is_no_error_of_ours_is_not_collected() -> None:
    with pytest.raises(ZeroDivisionError):
        Preflight().look(lambda: 1 / 0)
    checks = Preflight()
    assert checks.past(lambda _: failing(ModelError("No such model")), DataConfig(train="a.csv")) is None
    assert len(checks.problems) == 1
