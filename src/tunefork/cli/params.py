"""``tunefork params``: exact counts before any training, from the architecture alone."""

from __future__ import annotations

from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def params(
    model: Annotated[str, typer.Argument(help="A hub id, a folder (config.json is enough), or builtin:minilm.")],
    run: Annotated[
        list[str], typer.Option("--run", help="A configuration, such as lora:rank=8,targets=query+value. Repeat it.")
    ],
    labels: Annotated[int, typer.Option("--labels", min=2, help="Number of classes.")] = 2,
    explain: Annotated[bool, typer.Option("--explain", help="Show the formula of every module.")] = False,
    revision: Annotated[str | None, typer.Option("--revision", help="The model's revision.")] = None,
    as_json: Json = False,
) -> None:
    """Count trainable parameters exactly: adapter, head, backbone, and the total as PEFT counts it."""
    from tunefork.config import parse_run

    configurations = [(text, parse_run(text).strategies[0]) for text in run]
    from tunefork.models import anatomy_of, load_config, skeleton
    from tunefork.strategies import count, formulas, select

    config = load_config(model, revision)
    rows, details = [], []
    for text, strategy in configurations:
        bare = skeleton(config, labels)
        anatomy = anatomy_of(bare)
        selection = select(strategy, anatomy, bare)
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


def _show(
    model: str,
    labels: int,
    rows: list[dict[str, object]],
    details: list[tuple[list[tuple[str, str, int]], tuple[str, ...]]],
) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=f"{model}, {labels} classes", title_justify="left")
    table.add_column("run", overflow="fold")
    for column in ("adapter", "head", "backbone", "trainable", "total", "PEFT's total", "%"):
        table.add_column(column, justify="right")
    for row in rows:
        numbers = [f"{row[key]:,}" for key in ("adapter", "head", "backbone", "trainable", "total", "peft_total")]
        table.add_row(str(row["run"]), *numbers, f"{row['peft_percent']:.4g}")
    console.print(table)
    for row, (lines, notices) in zip(rows, details):
        for notice in notices:
            console.print(f"{row['run']}: {notice}", highlight=False, markup=False)
        if lines:
            console.print(f"\n{row['run']}", style="bold", markup=False)
            for module, formula, number in lines:
                console.print(f"  {module}: {formula} = {number:,}", highlight=False, markup=False)
