"""Every command that a page shows is one that tunefork understands, and every study file one that it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_build.blocks import Block, blocks, command_lines
from docs_build.cli_reference import commands

from tunefork.cli import app
from tunefork.cli.app import UsageError
from tunefork.config import parse_run, parse_trackers
from tunefork.errors import TuneforkError
from tunefork.study_file import build_study

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [(block, line) for block in BLOCKS for line in command_lines(block.code)]
YAML = [block for block in BLOCKS if block.language == "yaml"]
INLINE = re.compile(r"`(tunefork [^`]+)`")
"""Commands in sentences, which may leave arguments out."""


def understood(line: str) -> dict[str, Any]:
    """What the command makes of its options; placeholders in brackets are taken as given.

    Raises:
        UsageError, TuneforkError: there is no such command, option, value or configuration.
    """
    name, *arguments = shlex.split(re.sub(r"[\[\]]|…", " ", line))[1:] or ["--help"]
    if name.startswith("--"):
        assert name in ("--help", "--version"), line
        return {}
    assert name in commands(), f"There is no command '{name}'"
    context = commands()[name].make_context(name, arguments)
    found: dict[str, Any] = context.params
    for run in found.get("run") or () if name in ("compare", "params") else ():
        parse_run(run)
    parse_trackers(found.get("tracker") or [])
    return found


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=lambda each: each.place if isinstance(each, Block) else "")
def test_a_shown_command_is_understood(block: Block, line: str) -> None:
    try:
        understood(line)
    except (UsageError, TuneforkError) as error:
        if "fails" not in block.marks:
            pytest.fail(f"{block.place}: {line}\n{getattr(error, 'message', '') or error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_sentences_are_there(page: Path) -> None:
    for line in INLINE.findall(page.read_text(encoding="utf-8")):
        words = line.split()
        if words[1].startswith("-") or not words[1].isalpha() or words[1].isupper():
            continue
        assert words[1] in commands(), f"{page.name}: {line}"
        known = {name.strip() for each in commands()[words[1]].params for name in (*each.opts, *each.secondary_opts)}
        options = {word.strip("[]….,") for word in words[2:] if word.strip("[").startswith("--")}
        assert options <= known | {"--help"}, f"{page.name}: {line}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tunefork compare a.csv --lable b", "No such option: --lable"),
        ("tunefork compare a.csv --epochs many", "Input should be a valid number"),
        ("tunefork plan", "Missing parameter: study"),
        ("tunefork compare a.csv --run lora:rnk=8", "lora has no setting 'rnk'"),
        ("tunefork compare a.csv --tracker tensorbord", "There is no tracker 'tensorbord'"),
    ],
)
def test_what_is_misspelt_would_be_found(line: str, told: str) -> None:
    with pytest.raises((UsageError, TuneforkError)) as error:
        understood(line)
    assert told in (getattr(error.value, "message", "") or str(error.value))


def test_an_unknown_command_would_be_found() -> None:
    with pytest.raises(AssertionError, match="There is no command 'comparee'"):
        understood("tunefork comparee a.csv")


def test_every_command_is_shown_somewhere() -> None:
    assert {line.split()[1] for _, line in COMMANDS if len(line.split()) > 1} >= set(commands())
    assert len(COMMANDS) > 70
    assert app.info.name == "tunefork"


@pytest.mark.parametrize("block", YAML, ids=lambda block: block.place)
def test_a_shown_study_file_is_one(block: Block) -> None:
    plain = yaml.safe_load(block.code)
    build_study({"data": "rows.csv", "compare": ["full"]} | plain, where=block.place)


def test_blocks_that_no_test_runs_are_known() -> None:
    told = [f"{block.page}: {block.not_run}" for block in BLOCKS if block.not_run]
    assert told == [
        "parallel.md: study is any study; tests/runner/test_parallel.py has its own",
        "ray.md: needs a cluster; tests/runner/test_ray.py has its own",
        "tutorial-images.md: needs the weights of a model of the hub",
        "tutorial.md: the tests have it installed",
    ]
