"""The code of pages runs: tutorials from their first line to their last, and the Python of all other pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from docs_build.blocks import Block, blocks

from tests.docs_build.walking import Walk, check, walk
from tunefork.uncertainty import detectable

ROOT = Path(__file__).parents[2]
TUTORIALS = ("tutorial.md", "tutorial-images.md")
Made = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page's commands are given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def walked(page: Path, folder: Path) -> Walk:
    with walk(folder) as walking:
        for block in blocks(page):
            walking.step(block)
    return walking


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a minute and a half of one core, which others may use too
@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_is_right_from_its_first_line_to_its_last(page: str, folder: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl to ask the server with")
    walked(ROOT / "docs" / page, folder)
    made = {
        "tutorial.md": ("answers.csv", "model/README.md", "small/tunefork.json"),
        "tutorial-images.md": ("out/report.html",),
    }
    assert all((folder / name).is_file() for name in made[page])


@pytest.mark.slow
def test_the_readme_runs(folder: Path, tiny_folder: Path, messages_csv: Path) -> None:
    shutil.copytree(tiny_folder, folder / "distilbert" / "distilbert-base-uncased")
    lines = messages_csv.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "reviews.csv").write_text("".join(lines[:61]), encoding="utf-8")
    (page,) = [block for block in blocks(ROOT / "README.md") if block.language == "python"]
    with walk(folder) as walking:
        walking.step(page)
    assert len(walking.names["frame"]) == 15
    assert (folder / "model" / "tunefork.json").is_file()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_page_on_the_estimator_runs(folder: Path) -> None:
    assert walked(ROOT / "docs" / "estimator.md", folder).names["model"].classes_.tolist() == [
        "damaged_item",
        "order_status",
        "return_item",
    ]


def test_the_metric_of_ones_own_is_one(folder: Path) -> None:
    import numpy as np

    names = walked(ROOT / "docs" / "metrics.md", folder).names
    assert names["cost"](np.array([0, 2]), np.eye(3)[[2, 0]]) == 3.5


def test_what_can_be_found_is_what_the_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "verdict.md"
    (code,) = [block for block in blocks(page) if block.language == "python"]
    Walk(folder).step(code)
    assert f"# {capsys.readouterr().out}" in code.code
    table = re.findall(
        r"^\| ([\d,]+) \| ([\d.]+)(?: points)? ((?:\| [\d.]+ )+)\|$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(table) == 6
    for rows, two, others in table:
        shown = [float(two), *map(float, others.strip("| ").split(" | "))]
        found = [100 * detectable(int(rows.replace(",", "")), seeds, configurations=5) for seeds in (2, 3, 5, 10, 1)]
        assert shown == [round(each, 1) for each in found]


def test_no_python_is_forgotten() -> None:
    there = {
        page.name: len(found)
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        if (found := [each for each in blocks(page) if each.language == "python" and not each.not_run])
    }
    assert there == {
        "README.md": 1,
        "estimator.md": 1,
        "metrics.md": 1,
        "tutorial-images.md": 2,
        "tutorial.md": 2,
        "verdict.md": 1,
    }


def test_a_wrong_page_would_be_found(folder: Path) -> None:
    def block(language: str, code: str, *marks: str) -> Block:
        return Block("a.md", 1, language, code, marks)

    walking = Walk(folder)
    with pytest.raises(AssertionError, match=r"a.md:1: tunefork recipes --copy s9\n.*There is no recipe 's9'"):
        walking.step(block("console", "$ tunefork recipes --copy s9\n"))
    with pytest.raises(AssertionError, match="shows something else"):
        walking.step(block("console", "$ tunefork recipes --copy s9\ntunefork: nothing\n", "fails", "same"))
    walking.step(block("python", "number = 1"))
    walking.step(block("python", "number += 1"))
    assert walking.names["number"] == 2
    with pytest.raises(NameError, match="nunber"):
        walking.step(block("python", "nunber"))
    with pytest.raises(AssertionError, match="shows something else"):
        check("full 22,714,372", "full 22,714,371", block("console", ""))
    with pytest.raises(AssertionError, match="shows something else"):
        check('{"model": 1}', '{"modle": 1}', block("console", ""))
