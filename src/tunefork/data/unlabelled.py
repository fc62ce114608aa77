"""Rows to predict: texts or pictures and ids, no label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.data.blanks import blank
from tunefork.data.columns import Columns, check_columns
from tunefork.data.guessing import guess_id, guess_image, guess_text
from tunefork.data.ids import read_ids
from tunefork.data.images.class_folders import IMAGE, holds_pictures, loose_pictures
from tunefork.data.images.pictures import Picture, holds_picture, picture_of
from tunefork.data.readers import read_rows
from tunefork.data.rows import empty_cells, read_texts

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
    empty = [row for row, parts in enumerate(texts) if any(map(blank, parts))]
    if empty:
        raise empty_cells(len(empty), table.places(empty), Columns(text, ""), fix="Fill them in, or remove these rows.")
    return tuple(read_ids(table, identity)), tuple(texts), identity or ROW


def read_unlabelled_pictures(
    source: str, image_column: str = "", id_column: str = "", encoding: str = "utf-8", usual: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[Picture | None, ...], str]:
    """Read pictures without labels: all of a folder or an archive, or those of a table's column.

    Args:
        source: what to read.
        image_column: the column with pictures; guessed unless given.
        id_column: the column with ids; guessed unless given.
        encoding: of text files.
        usual: names of both that are taken where the table has them.

    Returns:
        ids: [N] paths inside the folder; of a table values of the id column where it has one, else row numbers from 0.
        pictures: [N], not read yet; None where a cell is empty.
        id_column: the id column's name, ``image`` for paths, ``row`` where rows are numbered.

    Raises:
        ReadError: see ``read_rows``.
        ColumnError: a named column is not there.
    """
    if holds_pictures(source):
        table = loose_pictures(source)
        return table.ids, tuple(table.values[IMAGE]), IMAGE
    table = read_rows(source, encoding)
    known = [name for name in usual if name in table.values]
    column = image_column or next((name for name in known if holds_picture(table.values[name][0])), "")
    column = column or guess_image(table) or next(iter(usual), "image")
    check_columns(table, Columns((), "", id_column, image=column))
    identity = id_column or next((name for name in known if name != column), "") or guess_id(table, taken=(column,))
    pictures = [picture_of(value, table.place(row), table.folder) for row, value in enumerate(table.values[column])]
    return tuple(read_ids(table, identity)), tuple(pictures), identity or ROW
