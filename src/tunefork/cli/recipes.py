"""``tunefork recipes``: published studies that ship as study files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def recipes(
    copy: Annotated[
        str | None,
        typer.Option("--copy", help="Write this recipe's study file into the working directory, to edit it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the recipes: published studies as study files, for `tunefork run s0`, `tunefork plan s0.fair`, …"""
    if copy is not None:
        target = _copied(copy)
        if as_json:
            emit({"file": str(target)})
        else:
            typer.echo(f"{target} is written; tunefork plan {target} shows what it does.")
        return
    rows = _rows()
    if as_json:
        emit(rows)
        return
    _show(rows)


def _copied(name: str) -> Path:
    """Write a recipe here.

    Raises:
        ConfigError: no such recipe, or a file of that name is there.
    """
    from tunefork.errors import ConfigError
    from tunefork.recipes import find_recipe

    source = find_recipe(name).path
    target = Path(source.name)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(source.read_text(encoding="utf-8"))
    except FileExistsError:
        raise ConfigError("The file is there already", where=str(target), fix="Move it away first.") from None
    return target


def _rows() -> list[dict[str, Any]]:
    from tunefork.plan import expand
    from tunefork.recipes import RECIPES
    from tunefork.study_file import read_study

    found = []
    for recipe in RECIPES:
        study = read_study(recipe.path)
        runs = expand(study)
        found.append(
            {
                "name": recipe.name,
                "about": recipe.about,
                "model": study.model,
                "data": study.data.train.partition("#")[0],
                "configurations": len({run.config.configuration for run in runs}),
                "runs": len(runs),
                "verified": recipe.verified,
                "file": str(recipe.path),
            }
        )
    return found


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(emoji=False)
    table = Table(title="Published studies as study files", title_justify="left")
    for column, justify in (("name", "left"), ("what is compared", "left"), ("model, data", "left"), ("runs", "right")):
        table.add_column(column, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        table.add_row(row["name"], row["about"], f"{row['model']}, {row['data']}", str(row["runs"]))
    console.print(table)
    for verified in dict.fromkeys(row["verified"] for row in rows):
        console.print(f"All: {verified}.", highlight=False)
    console.print("tunefork run s0 --smoke tries one in seconds; --copy s0 writes its file here.", highlight=False)
