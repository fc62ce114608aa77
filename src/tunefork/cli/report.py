"""``tunefork report``: the tables, figures and verdict of a study on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    as_json: Json = False,
) -> None:
    """Write the report of a study again, and show its table and verdict."""
    from tunefork.cli.showing import show_results
    from tunefork.report import write_report
    from tunefork.store import SqliteStore

    store = SqliteStore.open(folder)
    try:
        write_report(store)
        show_results(store, as_json)
    finally:
        store.close()
