"""What several commands show at their end: the report, the files, and the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tunefork.cli.app import emit

if TYPE_CHECKING:
    from tunefork.config import Judging
    from tunefork.store import Store


def show_results(store: Store, as_json: bool, judging: Judging | None = None) -> None:
    """Print a finished study's table and verdict, or its JSON; exit with 1 when a run failed.

    Raises:
        typer.Exit: with status 1 when a run failed or diverged.
    """
    from tunefork.report import print_report, to_json

    if as_json:
        emit(to_json(store, judging))
    else:
        from rich.console import Console

        console = Console()
        if not console.is_terminal:
            console = Console(width=110)
        print_report(store, console, judging)
        folder = store.folder
        console.print(
            f"\nFiles in {folder}: report.html, table.md, table.csv, figures/, runs/",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    failed = [run for run in store.runs() if run.status in ("failed", "diverged")]
    if failed:
        for run in failed:
            typer.echo(f"tunefork: {run.name}, seed {run.seed}: {run.status}: {run.reason}", err=True)
        raise typer.Exit(1)
