"""X as people hand it over → texts, pairs of texts, or pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tunefork.data.blanks import blank
from tunefork.errors import EstimatorInputError

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["text-classification", "image-classification"]
COLUMNS = {1: ("text",), 2: ("text_a", "text_b")}
"""What the saved model calls the columns of texts and of pairs."""
IMAGE, LABEL = "image", "label"
SHAPES: dict[Task, str] = {
    "text-classification": "Give a list of texts, or pairs of texts [N, 2].",
    "image-classification": "Give a list of pictures: paths, bytes, Pillow images or arrays; or an array [N, H, W, 3].",
}


@dataclass(frozen=True, eq=False)
class Given:
    """The rows of X."""

    rows: list[Any]
    """[N] tuples of one or two texts, or pictures."""
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def frame(self, labels: Sequence[str]) -> pd.DataFrame:
        """The rows with [N] labels as the data layer reads them."""
        import pandas as pd

        if self.columns == (IMAGE,):
            found = {IMAGE: pd.Series(self.rows, dtype=object)}
        else:
            found = {
                column: pd.Series([row[place] for row in self.rows], dtype=object)
                for place, column in enumerate(self.columns)
            }
        return pd.DataFrame(found | {LABEL: pd.Series(list(labels), dtype=object)})


def read_x(x: Any, task: Task) -> Given:
    """The rows of X, checked.

    Args:
        x: a list, an array, a Series or a DataFrame of one or two columns: texts, pairs of texts, or pictures.
        task: which of these the model reads.

    Raises:
        EstimatorInputError: X, the place, what was found and what to do.

    >>> read_x(["late again", "thanks"], "text-classification").rows
    [('late again',), ('thanks',)]
    """
    rows = _listed(x, task)
    if task == "image-classification":
        return Given([_picture(row) for row in rows], (IMAGE,))
    texts = [_parts(row, place) for place, row in enumerate(rows)]
    parts = len(texts[0]) if texts else 1
    for place, row in enumerate(texts):
        if len(row) != parts:
            raise EstimatorInputError(
                "Rows of X have one text or two, all alike",
                where=f"X[{place}]",
                found=f"{len(row)} where X[0] has {parts}",
                fix=SHAPES[task],
            )
    return Given(texts, COLUMNS[parts])


def _listed(x: Any, task: Task) -> list[Any]:
    """One value per row; a row of a table with several columns is a tuple."""
    if hasattr(x, "toarray"):
        raise EstimatorInputError("X is a sparse matrix, which holds no texts", where="X", fix=SHAPES[task])
    if isinstance(x, str | bytes | Path) or not hasattr(x, "__len__") or getattr(x, "ndim", 1) == 0:
        found = "None" if x is None else f"one {type(x).__name__}"
        raise EstimatorInputError("X is a list with one entry for each row", where="X", found=found, fix=SHAPES[task])
    if hasattr(x, "itertuples"):  # a DataFrame
        return [row[0] if len(row) == 1 else row for row in x.itertuples(index=False, name=None)]
    if not hasattr(x, "__array__") or hasattr(x, "index"):  # a list or a Series
        return list(x)
    array = np.asarray(x)
    if task == "image-classification":
        return list(array)
    if array.ndim > 2:
        raise EstimatorInputError(
            "X is an array of texts [N] or of pairs [N, 2]", where="X", found=f"shape {array.shape}", fix=SHAPES[task]
        )
    values: list[Any] = array.tolist()
    return values


def _picture(row: Any) -> Any:
    """A picture as the data layer reads them: paths are texts."""
    return str(row) if isinstance(row, Path | np.str_) else row


def _parts(row: Any, place: int) -> tuple[str, ...]:
    """The texts of one row."""
    parts = tuple(row) if isinstance(row, list | tuple | np.ndarray) else (row,)
    if len(parts) not in COLUMNS:
        raise EstimatorInputError(
            "A row of X is one text or two",
            where=f"X[{place}]",
            found=f"{len(parts)} values",
            fix=SHAPES["text-classification"],
        )
    for part in parts:
        if not isinstance(part, str):
            raise EstimatorInputError(
                "The model reads texts",
                where=f"X[{place}]",
                found="nothing" if part is None else f"a value of type {type(part).__name__}",
                fix="Fill it in, or leave the row out." if part is None else SHAPES["text-classification"],
            )
        if blank(part):
            raise EstimatorInputError(
                "A text is empty", where=f"X[{place}]", found=repr(part)[:80], fix="Fill it in, or leave the row out."
            )
    return tuple(map(str, parts))
