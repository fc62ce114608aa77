"""Somebody else's predictions for the test rows: a file with ids and labels, such as ``tunefork predict`` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunefork.baselines.linear import SURE
from tunefork.baselines.said import Rows, said_classes, said_labels, said_numbers
from tunefork.data import Table, read_rows
from tunefork.errors import ColumnError, DataError
from tunefork.problem import Problem

PREDICTION = ("prediction", "predicted", "pred", "predicted_label", "label", "y_pred")
"""How the column may be called, in this order."""
SEPARATOR = "|"
"""What stands between labels that are written as one text, unless the data have another."""


@dataclass(frozen=True, eq=False)
class Included:
    """What the file says of the test rows."""

    name: str
    logits: NDArray[np.float32]
    """[N, C] log-probabilities, of several labels log-odds; of numbers [N, 1] the numbers. Without probabilities 0 for
    the class that is said and −30 for the others, of several labels 30 and −30."""
    probabilities: bool
    notices: tuple[str, ...] = ()


def read_predictions(
    source: str | Path,
    ids: Sequence[str],
    labels: Sequence[str],
    problem: Problem = "single_label",
    separator: str = SEPARATOR,
) -> Included:
    """Predictions from a CSV, TSV, JSONL or Parquet file, in the order of the test rows.

    Rows are found by their ids, in whichever column holds them; a file of exactly as many rows without ids is taken in
    order. ``p_<label>`` columns, where there is one for every label, are probabilities. Of several labels a prediction
    is a list, or a text with ``separator`` between labels; a column of 0 and 1 for each label does as well.

    Args:
        source: the file.
        ids: of the test rows.
        labels: names of the classes or labels.
        problem: what is predicted.
        separator: what stands between labels that are written as one text; ``|`` where it is empty.

    Raises:
        ReadError: there is no such file, or it cannot be read.
        ColumnError: no column with predictions, or none with ids.
        LabelError: a prediction that is no label of the study, or no number.
        DataError: test rows without a prediction, or with two, or probabilities that are none.
    """
    table = read_rows(source)
    columns = _columns(table, labels, problem)
    places, notices = _rows(table, columns, ids)
    rows = Rows(table, places, columns)
    name = Path(str(source)).stem
    if problem == "regression":
        return Included(name, said_numbers(rows), False, notices)
    said = (
        said_classes(rows, labels) if problem == "single_label" else said_labels(rows, labels, separator or SEPARATOR)
    )
    shares = _shares(table, places, labels)
    if shares is None:
        sure = 0.0 if problem == "single_label" else SURE
        return Included(name, np.where(said, sure, -SURE).astype(np.float32), False, notices)
    logits = np.log(np.maximum(shares, np.exp(-SURE)))
    if problem == "multi_label":
        logits -= np.log(np.maximum(1 - shares, np.exp(-SURE)))
    return Included(name, logits.astype(np.float32), True, notices)


def _columns(table: Table, labels: Sequence[str], problem: Problem) -> tuple[str, ...]:
    """The column with predictions, or one for each label."""
    own = labels if problem == "multi_label" else ()  # a label called so has a column of 0 and 1
    column = next((name for name in PREDICTION if name in table.values and name not in own), None)
    if column is not None:
        return (column,)
    if problem == "multi_label" and all(label in table.values for label in labels):
        return tuple(labels)
    each = f", or give a column of 0 and 1 for each label: {', '.join(labels)}" * (problem == "multi_label")
    raise ColumnError(
        "There is no column with predictions",
        where=table.name,
        found=f"columns {', '.join(table.columns)}",
        fix=f"Call it {PREDICTION[0]}{each}.",
    )


def _rows(table: Table, columns: Sequence[str], ids: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    """The file's row for each test row."""
    wanted = {str(each) for each in ids}
    best, most = "", 0
    for name, values in table.values.items():
        count = len(wanted & {str(value) for value in values}) if name not in columns else 0
        if count > most:
            best, most = name, count
    if not best:
        if len(table) == len(ids):
            return list(range(len(ids))), (f"{table.name} has no ids; its rows are taken in the test rows' order.",)
        raise ColumnError(
            "No column holds the ids of the test rows",
            where=table.name,
            found=f"{len(table):,} rows for {len(ids):,} test rows; ids such as {', '.join(map(str, ids[:3]))}",
            fix="Add a column with the ids, as the predictions.parquet of any run has them.",
        )
    places: dict[str, int] = {}
    for row, value in enumerate(table.values[best]):
        if str(value) in wanted and places.setdefault(str(value), row) != row:
            raise DataError(
                f"The id '{value}' has two predictions",
                where=table.places([places[str(value)], row]),
                fix="Keep one row for each id.",
            )
    missing = [str(each) for each in ids if str(each) not in places]
    if missing:
        raise DataError(
            f"{len(missing):,} of {len(ids):,} test rows have no prediction",
            where=f"{table.name}, column {best}",
            found=f"missing ids: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
            fix="Predict all test rows, so that the comparison is fair.",
        )
    extra = len(table) - len(places)
    notices = (f"{table.name}: rows that are no test rows, passed over: {extra:,}.",) if extra else ()
    return [places[str(each)] for each in ids], notices


def _shares(table: Table, rows: Sequence[int], labels: Sequence[str]) -> NDArray[np.float64] | None:
    names = [f"p_{label}" for label in labels]
    if any(name not in table.values for name in names):
        return None
    try:
        found = np.array([[float(table.values[name][row]) for name in names] for row in rows])
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError("A probability is no number", where=table.name, found=str(error), fix="Correct it.") from None
    wrong = np.flatnonzero(~((found >= 0) & (found <= 1)).all(axis=1))
    if len(wrong):
        raise DataError(
            "A probability is not between 0 and 1",
            where=table.place(rows[int(wrong[0])]),
            found=", ".join(f"{each:g}" for each in found[wrong[0]]),
            fix="Give probabilities, not scores, or leave the p_ columns out.",
        )
    return found
