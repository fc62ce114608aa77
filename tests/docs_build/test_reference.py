"""Pages made from the code name everything that there is, and say what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from docs_build.cli_reference import commands
from pydantic import Field

import tunefork
from docs_build import cli_reference, study_reference
from tunefork.config.strategies import STRATEGIES
from tunefork.config.values import Value

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", commands())
def test_every_option_is_there_with_its_help(name: str) -> None:
    page = cli_reference.page().partition(f"\n## tunefork {name}\n")[2].partition("\n## ")[0]
    assert page
    for each in commands()[name].params:
        if getattr(each, "hidden", False):
            continue
        assert each.help, f"tunefork {name} {each.opts} says nothing of itself"
        assert cli_reference.cell(each.help) in page
        if each.param_type_name == "option":
            assert all(f"`{option.strip()}`" in page for option in each.opts)


def test_what_an_option_takes() -> None:
    page = cli_reference.page()
    assert "| `--port` | whole number, at least 0, `8000` unless given | 0 takes any that is free. |" in page
    assert "| `--run` | text, repeatable | A configuration, such as" in page
    assert "tunefork serve [NAME=]DIR... [OPTIONS]" in page
    assert "| `--out`, `-o` | path | The study's folder; tunefork-NAME unless given. |" in page
    assert "``" not in page.replace("```", "")


def test_an_option_with_a_bar_stays_one_cell() -> None:
    assert cli_reference.cell("a | b, *c* and d_e") == "a \\| b, \\*c\\* and d\\_e"


@pytest.mark.parametrize(("title", "model"), [*study_reference.SECTIONS, *STRATEGIES.items()])
def test_every_key_of_a_study_file_says_what_it_means(title: str, model: type[Value]) -> None:
    said, page = study_reference.meanings(model), study_reference.page()
    for name in model.model_fields:
        if name == "kind":
            continue
        assert said.get(name), f"{model.__name__}.{name} says nothing of itself"
        assert f"| `{name}` |" in page


def test_what_a_key_takes_and_its_default() -> None:
    class Shape(Value):
        """A shape.

        It is round.
        """

        sides: Annotated[int, Field(ge=0, le=9)] = 3
        """How many."""
        kind: Literal["a"] = "a"
        names: tuple[str, ...] = ("x", "y")
        """Its ``names``."""
        share: float | None = None
        """None | all."""
        size: Literal["big", "small"]
        """How large."""

    assert study_reference.table("shape", Shape).splitlines()[1:] == [
        "## shape",
        "",
        "A shape.",
        "",
        "It is round.",
        "",
        "| key | takes | default | |",
        "|---|---|---|---|",
        "| `sides` | whole number from 0 to 9 | `3` | How many. |",
        "| `names` | texts | `x+y` | Its `names`. |",
        "| `share` | number | – | None \\| all. |",
        "| `size` | `big` or `small` | **needed** | How large. |",
    ]


def test_every_public_name_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    assert [name for name in tunefork.__all__ if f"::: tunefork.{name}\n" not in page] == []
