"""``tunefork demo``: the whole thing on data that needs no network, in two minutes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app


class Task(StrEnum):
    """What the demo's rows are."""

    text = "text"
    image = "image"


@app.command()
def demo(
    task: Annotated[
        Task,
        typer.Option("--task", help="text: 1,150 customer messages; image: 1,797 handwritten digits."),
    ] = Task.text,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The study's folder; tunefork-demo unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare full fine-tuning, head, last layer and LoRA on customer messages, or on handwritten digits."""
    from tunefork.cli.showing import show_results
    from tunefork.demo import demo_study, write_digits
    from tunefork.study import Study, cache_folder

    file = demo_study(task.value)
    base = write_digits(cache_folder()) if task is Task.image else file.parent
    folder = out or Path("tunefork-demo" if task is Task.text else "tunefork-demo-image")
    if not as_json:
        data = f" --data {base}" if base != file.parent else ""
        typer.echo(f"tunefork run {file}{data} -o {folder}", err=True)
    results = Study.from_file(file, base=base).run(folder, progress=not as_json)
    show_results(results.store, as_json)
    if not as_json:
        best = results.best().folder
        rows = "YOUR.csv" if task is Task.text else "YOUR_PICTURES/"
        typer.echo(f'Next: tunefork predict {folder} {rows} -o out.csv, or load_model("{best}") in Python.')
