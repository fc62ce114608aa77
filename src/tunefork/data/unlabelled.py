"""Rows to predict: texts and ids, no label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.data.columns import Columns, check_columns, guess_id, guess_text
from tunefork.data.readers import read_rows
from tunefork.data.rows import empty_texts, read_ids, read_texts

if TYPE_CHECKING:
    import pandas as pd

ROW = "row"
"""The name of ids that are row numbers."""


def read_unlabelled(
    source: str | Path | pd.DataFrame, text_columns: Sequence[str] = (), id_column: str = "", encoding: str = "utf-8"
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]:
    """Read rows without labels; columns that are not named are guessed.

    Returns:
        ids: [N] values of the id column, else row numbers from 0 (a DataFrame's index labels).
        texts: [N] tuples of one text, or of two for a pair.
        id_column: the id column's name, ``row`` where rows are numbered.

    Raises:
        ReadError: see ``read_rows``.
        ColumnError: a named column is not there.
        DataError: empty texts, or ids that repeat.

    >>> read_unlabelled("new.csv", ["message"])  # doctest: +SKIP
    (('0', '1'), (('late again',), ('thank you',)), 'row')
    """
    table = read_rows(source, encoding)
    check_columns(table, Columns(tuple(text_columns), "", id_column))
    text = tuple(text_columns) or (guess_text(table, taken=(id_column,)),)
    identity = id_column or guess_id(table, taken=text)
    texts, _ = read_texts(table, text, range(len(table)))
    empty = [row for row, parts in enumerate(texts) if not all(part.strip() for part in parts)]
    if empty:
        raise empty_texts(len(empty), table.places(empty), text, fix="Fill them in, or remove these rows.")
    return tuple(read_ids(table, identity)), tuple(texts), identity or ROW
