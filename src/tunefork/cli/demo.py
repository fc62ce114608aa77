"""``tunefork demo``: the whole thing on data that ships with the package, in two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app


@app.command()
def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="The study's folder.")] = Path("tunefork-demo"),
    as_json: Json = False,
) -> None:
    """Compare full fine-tuning, head, last layer and LoRA on 1,150 customer messages that ship with the package."""
    from tunefork.cli.showing import show_results
    from tunefork.demo import demo_study
    from tunefork.study import Study

    file = demo_study()
    if not as_json:
        typer.echo(f"tunefork run {file} -o {out}", err=True)
    results = Study.from_file(file).run(out, progress=not as_json)
    show_results(results.store, as_json)
    if not as_json:
        best = results.best().folder
        typer.echo(f'Next: tunefork predict {out} YOUR.csv -o out.csv, or load_model("{best}") in Python.')
