"""``tunefork predict``: labels for a file of new rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunefork.cli.app import Json, app, emit
from tunefork.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

SEPARATOR = "|"
"""Between the labels of a row, where rows have several."""


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A study's folder (its best run), a run's folder, or a saved model.")],
    data: Annotated[
        str,
        typer.Argument(
            help="CSV, TSV, JSONL or Parquet with the columns that the model reads, or a folder (a zip, a tar) of "
            "pictures; labels are not needed."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV to write.")],
    probabilities: Annotated[bool, typer.Option("--probabilities", help="Add a column for every label.")] = False,
    text: Annotated[str | None, typer.Option("--text", help="The text column, where it has another name here.")] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="The column with pictures, where it has another name here.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="The id column, where it has another name here.")
    ] = None,
    label_name: Annotated[
        str, typer.Option("--as", help="The name of the column with the predicted labels.")
    ] = "prediction",
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Probabilities as the model gives them, without its temperature.")
    ] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of the file.")] = "utf-8",
    quote_formulas: Annotated[
        bool,
        typer.Option("--quote-formulas", help="Put an apostrophe before cells that a spreadsheet would run: = + - @."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Predict labels for new rows and write them with the rows' ids."""
    import pandas as pd

    from tunefork.data import read_rows, read_unlabelled, read_unlabelled_pictures
    from tunefork.predictor import ImagePredictor, load_model
    from tunefork.report import is_formula, quoted_formula
    from tunefork.store.atomic import write_text

    loaded = load_model(model)
    rows: Sequence[Any]
    remembered = id_column if id_column is not None else loaded.facts.get("id") or ""
    if isinstance(loaded, ImagePredictor):
        usual = (*loaded.columns, *((loaded.facts["id"],) if loaded.facts.get("id") else ()))
        ids, rows, id_name = read_unlabelled_pictures(data, image or "", id_column or "", encoding, usual)
    else:
        columns = tuple(text.split("+")) if text else loaded.columns
        if id_column is None and remembered and remembered not in read_rows(data, encoding).values:
            typer.echo(f"there is no column '{remembered}'; rows are numbered from 0", err=True)
            remembered = ""
        ids, rows, id_name = read_unlabelled(data, columns, remembered, encoding)
    found = loaded.predict(list(rows), calibrated=not uncalibrated)
    temperature = None if uncalibrated else loaded.temperature
    several = loaded.problem == "multi_label"
    told = [SEPARATOR.join(each) if several else each for each in found["prediction"]]
    table = pd.DataFrame({id_name: list(ids), label_name: told})
    if probabilities:
        table = pd.concat([table, found.drop(columns="prediction").reset_index(drop=True)], axis=1)
    formulas = int(table.map(is_formula).to_numpy().sum())
    write_text(out, (table.map(quoted_formula) if quote_formulas else table).to_csv(index=False))
    if formulas and not quote_formulas:  # ids have to be what they were for whoever joins them
        cells = "cell begins" if formulas == 1 else "cells begin"
        text = f"{formulas:,} {cells} with =, +, - or @, which a spreadsheet runs as a formula: see --quote-formulas"
        typer.echo(text, err=True)
    if as_json:
        emit(
            {
                "file": str(out),
                "rows": len(table),
                "calibrated": temperature is not None,
                "temperature": temperature,
                **_overview(loaded.problem, found["prediction"]),
            }
        )
    else:
        typer.echo(f"{len(table):,} predictions in {out}{_calibration(temperature) if probabilities else ''}", err=True)


def _overview(problem: Problem, answers: pd.Series[Any]) -> dict[str, Any]:
    """How often each label was answered, or how the numbers lie."""
    if problem == "regression":
        return {"mean": float(answers.mean()), "lowest": float(answers.min()), "highest": float(answers.max())}
    labels = answers.explode().dropna() if problem == "multi_label" else answers
    return {"counts": {str(key): int(n) for key, n in labels.value_counts().items()}}


def _calibration(temperature: float | None) -> str:
    return ", not calibrated" if temperature is None else f", calibrated by a temperature of {temperature:.3g}"
