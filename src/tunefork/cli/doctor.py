"""``tunefork doctor``: whether the machine and a study are in order."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit

SIGNS = {"ok": "ok", "notice": "note", "wrong": "WRONG"}


@app.command()
def doctor(
    folder: Annotated[Path | None, typer.Argument(help="A study's folder, to be looked at as well.")] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Mend the study: put damaged checkpoints away, remove what was left half written, and have runs with "
            "damaged models trained again.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check packages, device, threads, memory and disk; and of a study every record, every row, every hash."""
    from tunefork.doctor import environment, study_folder

    found = environment(folder)
    if folder is not None:
        found += study_folder(folder, repair)
    wrong = [each for each in found if each.level == "wrong" and not each.repaired]
    if as_json:
        emit({"findings": [asdict(each) for each in found], "in_order": not wrong})
    else:
        for each in found:
            typer.echo(f"{SIGNS[each.level]:>5}  {each}")
    if wrong:
        raise typer.Exit(1)
