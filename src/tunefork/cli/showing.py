"""What several commands show at their end: the report, the files, and the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tunefork.cli.app import emit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

    from tunefork.config import Judging
    from tunefork.store import RunRecord, Store
    from tunefork.study.findings import Findings


def show_results(store: Store, as_json: bool, judging: Judging | None = None) -> None:
    """Print a finished study's table and verdict, or its JSON; exit with 1 when a run failed.

    Raises:
        typer.Exit: with status 1 when a run failed or diverged.
    """
    from tunefork.report import print_report, to_json

    if as_json:
        emit(to_json(store, judging))
    else:
        console = _console()
        print_report(store, console, judging)
        folder = store.folder
        left_out = ", left_out.csv" if (folder / "left_out.csv").is_file() else ""
        console.print(
            f"\nFiles in {folder}: report.html, table.md, table.csv{left_out}, figures/, runs/",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    failed = [run for run in store.runs() if run.status in ("failed", "diverged")]
    if failed:
        for run in failed:
            typer.echo(f"tunefork: {run.name}, seed {run.seed}: {run.status}: {run.reason}", err=True)
        raise typer.Exit(1)


def show_findings(found: Findings, folder: Path) -> None:
    """Print a table and what it says."""
    from rich.text import Text

    from tunefork.report import as_rich

    console = _console()
    if found.table is not None:
        console.print(as_rich(found.table))
        for note in found.table.notes:
            console.print(Text(note, style="dim"))
        console.print()
    for sentence in found.sentences:
        console.print(Text(sentence))
    console.print(f"\nAlso in {folder}/report.html", highlight=False, markup=False, soft_wrap=True)


def tracker(what: str, quiet: bool) -> Callable[[Sequence[RunRecord]], Iterable[RunRecord]]:
    """Shows progress over runs on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True, emoji=False)
    hidden = quiet or not console.is_terminal
    return lambda runs: track(runs, what, console=console, disable=hidden, transient=True)


def _console() -> Console:
    from rich.console import Console

    console = Console(emoji=False)
    return console if console.is_terminal else Console(width=110, emoji=False)
