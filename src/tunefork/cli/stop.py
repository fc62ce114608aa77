"""``tunefork stop``: ask a study that trains in another process to stop, or some of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def stop(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs by id, as runs/ lists them; the whole study unless given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a study that trains in another process to stop, so that it can be continued; or some of its runs, for good.

    Returns at once. The others' results are what they would have been.
    """
    from tunefork.study.stopping import stop as ask

    found = ask(folder, runs or ())
    if as_json:
        emit({"folder": str(found.folder), "study": not found.runs, "runs": list(found.runs), "told": list(found.told)})
    else:
        for sentence in found.told:
            typer.echo(sentence)
