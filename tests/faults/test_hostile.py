"""Whatever comes in, the answer is data or one of our errors: one paragraph that names the place and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.hostile import CASES, Hostile
from tunefork.errors import SIGNS, ProblemsError, TuneforkError


def check_message(error: TuneforkError) -> None:
    """One paragraph without a traceback, which says what, where, and what to do."""
    problems = error.problems if isinstance(error, ProblemsError) else (error,)
    assert problems, "an error without a problem"
    for problem in problems:
        message = str(problem)
        assert SIGNS.search(message) is None, "line breaks and signs that steer a terminal are escaped"
        assert "Traceback" not in message
        assert "pydantic" not in message
        assert len(message) < 5000
        assert problem.where, "it names the place"
        assert problem.fix, "it says what to do"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_input_is_data_or_one_of_our_errors(
    case: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found: TuneforkError | None = None
    try:
        case.read(tmp_path)
    except TuneforkError as error:
        found = error
    assert case.says in str(found or "")
    if found is not None:
        assert not case.valid, str(found)
        check_message(found)


def test_there_are_two_hundred_of_them_and_each_has_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 200
    assert len([case for case in CASES if not case.name.startswith("setting ")]) >= 200
