"""``tunefork params``: exact counts before any training, from the architecture alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunefork.cli.app import Json, app, emit
from tunefork.cli.options import AllowPickle, TrustCode, trust_options

if TYPE_CHECKING:
    from tunefork.config import Strategy
    from tunefork.models import Anatomy


@app.command()
def params(
    model: Annotated[
        str, typer.Argument(help="A hub id, a folder (config.json is enough), builtin:minilm, or a recipe.")
    ],
    run: Annotated[
        list[str] | None,
        typer.Option("--run", help="A configuration, such as lora:rank=8,targets=query+value. Repeat it."),
    ] = None,
    labels: Annotated[int, typer.Option("--labels", min=2, help="Number of classes.")] = 2,
    max_trainable: Annotated[
        str | None,
        typer.Option("--max-trainable", help="List what fits a budget of trainable parameters, such as 1M."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the formula of every module.")] = False,
    revision: Annotated[str | None, typer.Option("--revision", help="The model's revision.")] = None,
    trust_remote_code: TrustCode = None,
    allow_pickle: AllowPickle = False,
    as_json: Json = False,
) -> None:
    """Count trainable parameters exactly: adapter, head, backbone, and the total as PEFT counts it.

    With --max-trainable 1M and without --run: which ranks, targets and layers fit, the largest first.
    """
    from tunefork.models import anatomy_of, load_config, skeleton
    from tunefork.strategies import count, formulas, select

    trust = trust_options(trust_remote_code, allow_pickle)
    model, labels, given = _of_recipe(model, labels)
    config = load_config(model, revision, trust)
    bare = skeleton(config, labels, trust)
    anatomy = anatomy_of(bare)
    rows, details = [], []
    if run or max_trainable or not given:
        given = _configurations(run or (), max_trainable, anatomy, model)
    for text, strategy in given:
        shown = skeleton(config, labels, trust) if strategy.kind == "peft" else bare  # PEFT changes what it is shown
        selection = select(strategy, anatomy, shown)
        counts = count(selection, anatomy)
        rows.append(
            {
                "run": text,
                "adapter": counts.adapter,
                "head": counts.head,
                "backbone": counts.backbone,
                "trainable": counts.trainable,
                "total": counts.total,
                "peft_total": counts.peft_total,
                "peft_percent": counts.peft_percent,
            }
        )
        details.append((formulas(selection, anatomy), selection.notices))
    if as_json:
        emit(rows)
        return
    _show(model, labels, rows, details if explain else [(lines[:0], notices) for lines, notices in details])


def _of_recipe(name: str, labels: int) -> tuple[str, int, list[tuple[str, Strategy]]]:
    """Model, number of classes and configurations of a recipe; of anything else what was given, and nothing."""
    from tunefork.data import published
    from tunefork.plan import expand
    from tunefork.recipes import named
    from tunefork.study_file import read_study

    recipe = None if Path(name).is_dir() else named(name)
    if recipe is None:
        return name, labels, []
    study = read_study(recipe.path)
    known = published(study.data.train)
    found = {run.config.configuration: (run.name, run.config.strategy) for run in expand(study)}
    return study.model, labels if known is None else len(known.classes), list(found.values())


def _configurations(
    runs: Sequence[str], max_trainable: str | None, anatomy: Anatomy, model: str
) -> list[tuple[str, Strategy]]:
    """Those that were named, or those that fit the budget.

    Raises:
        ConfigError: neither was given, or nothing fits.
    """
    from tunefork.config import parse_run
    from tunefork.errors import ConfigError
    from tunefork.strategies import count, fitting, select_head
    from tunefork.study_file import judged

    most = judged({"max_trainable": max_trainable}).max_trainable
    if not runs and most is None:
        raise ConfigError("There is nothing to count", fix="Add --run full, or --max-trainable 1M.")
    if most is None:
        return [(text, parse_run(text).strategies[0]) for text in runs]
    if runs:
        raise ConfigError(
            "--run and --max-trainable exclude each other",
            fix="Leave --run out to see what fits, or --max-trainable to count what you name.",
        )
    found = [(each.text, each.strategy) for each in fitting(anatomy, most)]
    if not found:
        head = count(select_head(anatomy), anatomy).trainable
        raise ConfigError(
            f"Nothing fits into {most:,} trainable parameters",
            where=model,
            found=f"the head alone has {head:,}",
            fix="Raise --max-trainable.",
        )
    return found


def _show(
    model: str,
    labels: int,
    rows: list[dict[str, object]],
    details: list[tuple[list[tuple[str, str, int]], tuple[str, ...]]],
) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(emoji=False)
    names = {"adapter": "adapter", "head": "head", "backbone": "backbone", "trainable": "trainable", "total": "total"}
    if console.width >= 120:
        names["peft_total"] = "PEFT's total"
    else:  # what a narrow terminal has room for beside the configurations
        names = {key: names[key] for key in ("adapter", "head", "trainable")}
    table = Table(title=f"{model}, {labels} classes", title_justify="left")
    table.add_column("run", overflow="fold", min_width=min(30, max(len(str(row["run"])) for row in rows)))
    for column in (*names.values(), "%"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(str(row["run"]), *(f"{row[key]:,}" for key in names), f"{row['peft_percent']:.4g}")
    console.print(table)
    for row, (lines, notices) in zip(rows, details):
        for notice in notices:
            console.print(f"{row['run']}: {notice}", highlight=False, markup=False)
        if lines:
            console.print(f"\n{row['run']}", style="bold", markup=False)
            for module, formula, number in lines:
                console.print(f"  {module}: {formula} = {number:,}", highlight=False, markup=False)
