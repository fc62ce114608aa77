"""``tunefork export``: a run as an adapter, a whole model or an ONNX file, checked, with a model card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app, emit


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    run: Annotated[str, typer.Argument(help="A run's id; the best one unless given.")] = "",
    form: Annotated[
        str, typer.Option("--format", help="peft (the adapter), merged (a whole transformers model) or onnx.")
    ] = "merged",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where it goes; RUN-FORMAT in this folder unless given.")
    ] = None,
    push: Annotated[
        str, typer.Option("--push", metavar="REPO", help="Upload it to this repository of the hub (private if new).")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write a run for use elsewhere. It is asked held-out rows in a fresh process, and kept if it answers right."""
    from tunefork.errors import ConfigError, did_you_mean
    from tunefork.export import FORMATS
    from tunefork.study import Results
    from tunefork.study.exporting import export as export_checked

    wanted = next((each for each in FORMATS if each == form), None)
    if wanted is None:
        raise ConfigError(f"There is no format '{form}'", where="--format", fix=did_you_mean(form, FORMATS))
    results = Results.open(folder)
    chosen = run or results.best().record.id
    target = out or Path(f"{chosen}-{wanted}")
    found = export_checked(results.store, chosen, target, wanted, push)
    if as_json:
        emit({"folder": str(found.folder), "run": chosen, "format": wanted, "url": found.url or None,
              "checked": asdict(found.checked)})  # fmt: skip
        return
    checked = found.checked
    same = "" if checked.agreeing is None else f", {checked.agreeing:.1%} of the answers the same"
    right = "" if checked.right is None else f", right on {checked.right:.1%}"
    typer.echo(
        f"{chosen} as {wanted} in {target}; asked {checked.rows} held-out rows in a fresh process: logits up to "
        f"{checked.difference:.2g} apart{same}{right}",
        err=True,
    )
    if found.url:
        typer.echo(found.url)
