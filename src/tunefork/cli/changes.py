"""``tunefork changes``: what training did to the model's matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def changes(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="Runs by id; all finished ones unless given.")
    ] = None,
    top_k: Annotated[
        int, typer.Option("--top-k", min=1, help="Singular vectors of the tuned matrices that are looked at.")
    ] = 10,
    threshold: Annotated[
        float,
        typer.Option("--threshold", help="ε: a vector is an intruder where no pretrained one is as similar as this."),
    ] = 0.5,
    as_json: Json = False,
) -> None:
    """Compare trained weights with the pretrained ones: how far they moved, in how many directions, and intruders."""
    from tunefork.cli.showing import show_findings, tracker
    from tunefork.study import Results

    results = Results.open(folder)
    try:
        found = results.changes(runs or (), top_k=top_k, threshold=threshold, track=tracker("Comparing", as_json))
    finally:
        results.store.close()
    if as_json:
        emit(found.to_dict())
    else:
        show_findings(found, folder)
