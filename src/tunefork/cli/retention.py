"""``tunefork retention``: what further training left of an earlier task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def retention(
    folder: Annotated[Path, typer.Argument(help="The folder of a study with start_from.")],
    on: Annotated[
        Path,
        typer.Option(
            "--on", help="The earlier study's folder, whose test rows are asked again; or a file with labelled rows."
        ),
    ],
    rows: Annotated[int | None, typer.Option("--rows", min=1, help="Ask so many of the rows at most.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="The text column of a file, or two: a+b.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="The label column of a file.")] = None,
    as_json: Json = False,
) -> None:
    """Ask the tuned models the task that their starting model was made for, and say how much they kept."""
    from tunefork.cli.showing import show_findings, tracker
    from tunefork.study import Results

    results = Results.open(folder)
    try:
        found = results.retention(on, rows=rows, text=text, label=label, track=tracker("Asking", as_json))
    finally:
        results.store.close()
    if as_json:
        emit(found.to_dict())
    else:
        show_findings(found, folder)
