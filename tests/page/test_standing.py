from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.page.made import run
from tunefork.page.standing import Standing, plain, standing
from tunefork.store.lease import FILE


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        ([], Standing("interrupted")),
        (["planned", "running", "paused"], Standing("interrupted", "", 3)),
        (["done", "running"], Standing("interrupted", "", 2, 1, 1)),
        (["done", "failed", "diverged", "stopped"], Standing("finished", "", 4, 1, 4, 2)),
        (["failed", "stopped"], Standing("failed", "", 2, 0, 2, 1)),
        (["done", "something new"], Standing("finished", "", 2, 1, 2)),
    ],
)
def test_how_a_study_stands(tmp_path: Path, statuses: list[str], wanted: Standing) -> None:
    assert standing(tmp_path, [run(seed=seed, status=status) for seed, status in enumerate(statuses)]) == wanted


def test_who_has_just_taken_the_folder_works_on_it(tmp_path: Path) -> None:
    with (tmp_path / FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write('{"pid": 5, "since": "20')  # not written to its end
        file.flush()
        assert standing(tmp_path, [run(status="done")]) == Standing("running", "", 1, 1, 1)


def test_numbers_are_what_json_has() -> None:
    assert [plain(value) for value in (1.23456789, 0.0, float("inf"), float("-inf"), float("nan"), None)] == [
        1.2346, 0.0, None, None, None, None,
    ]  # fmt: skip
