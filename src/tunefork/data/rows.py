"""Rows of one table that can be used: texts as strings or pictures, their labels, an id and a key for each."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tunefork.config import DataConfig
from tunefork.data.blanks import blank
from tunefork.data.columns import Columns
from tunefork.data.ids import read_groups, read_ids
from tunefork.data.images.gallery import Gallery, Resize, bad_pictures, read_gallery
from tunefork.data.images.pictures import picture_of
from tunefork.data.labelled import read_labels
from tunefork.data.left_out import LeftOut, list_left_out, where_all_are
from tunefork.data.row_labels import RowLabels
from tunefork.data.table import Table, count, either, missing, printable, shorten
from tunefork.errors import DataError
from tunefork.preflight import Preflight
from tunefork.problem import Problem


@dataclass(frozen=True, eq=False)
class RowSet:
    """Some rows of a table, all lists and labels of equal length."""

    table: Table
    rows: list[int]
    """The table's row of each."""
    texts: list[tuple[str, ...]]
    """Where rows are images, each one's name."""
    labels: RowLabels
    ids: list[str]
    keys: list[str]
    """Normalised texts, or hashes of pixels: rows that share one are the same text or image."""
    groups: list[str | None]
    """Values of the group column; None where there is none."""
    gallery: Gallery | None = None
    """The table's pictures, where rows are images."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def kind(self) -> str:
        """What the rows are, for messages."""
        return "image" if self.gallery is not None else "text"

    def take(self, places: Sequence[int]) -> RowSet:
        """The rows at these places, in this order."""
        return RowSet(
            self.table,
            [self.rows[place] for place in places],
            [self.texts[place] for place in places],
            self.labels.take(places),
            [self.ids[place] for place in places],
            [self.keys[place] for place in places],
            [self.groups[place] for place in places],
            self.gallery,
        )

    def relabel(self, names: Mapping[str, str]) -> RowSet:
        """With other label names. Rows whose class has none are left out; of several labels, those that have none."""
        kept, labels = self.labels.renamed(names)
        return replace(self.take(kept), labels=labels)

    def places(self, rows: Sequence[int]) -> str:
        """Where these rows are, for people."""
        return self.table.places([self.rows[row] for row in rows])


def normalise(texts: tuple[str, ...]) -> str:
    """What makes two texts the same: Unicode NFKC, lower case, white space collapsed.

    >>> normalise(("Late  AGAIN\\n",))
    'late again'
    """
    return "\x1f".join(
        " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).lower().split()) for text in texts
    )


class Cleaned(NamedTuple):
    """The usable rows of a table, and what there is to be told of it."""

    rows: RowSet
    notices: tuple[str, ...]
    """Of every conversion and every row left out."""
    warnings: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class _Contents(NamedTuple):
    """What is in some rows of a table beside their labels; all lists are of their length."""

    texts: list[tuple[str, ...]]
    keys: list[str]
    absent: dict[int, str]
    """Places that hold nothing that can be used, and are left out; and why."""
    gallery: Gallery | None
    notices: tuple[str, ...]


def clean_rows(
    table: Table,
    columns: Columns,
    config: DataConfig,
    checks: Preflight,
    resize: Resize | None = None,
    problem: Problem = "single_label",
    split: str = "train",
) -> Cleaned | None:
    """The usable rows of a table.

    Args:
        table: as read.
        columns: which of its columns are what.
        config: what is done about rows that cannot be used.
        checks: get to know what is wrong: labels that are none (see ``read_labels``), empty texts, values that are no
            texts, pictures that cannot be read, ids that repeat.
        resize: makes pictures the size that a model wants.
        problem: what labels are.
        split: which source the table is.

    Returns:
        None where something is wrong that cannot be left out.
    """
    labelled = checks.past(lambda settings: read_labels(table, columns, settings, problem), config)
    rows = list(range(len(table))) if labelled is None else labelled.rows
    contents = checks.past(lambda settings: _read_contents(table, columns, rows, settings, resize), config)
    ids = checks.look(lambda: read_ids(table, columns.id))
    groups, group_notices = read_groups(table, columns.group)
    if labelled is None or contents is None or ids is None:
        return None
    kept = [place for place in range(len(rows)) if place not in contents.absent]
    chosen = [rows[place] for place in kept]
    kept_rows = RowSet(
        table,
        chosen,
        [contents.texts[place] for place in kept],
        labelled.labels.take(kept),
        [ids[row] for row in chosen],
        [contents.keys[place] for place in kept],
        [groups[row] for row in chosen],
        contents.gallery,
    )
    reasons = dict.fromkeys(set(range(len(table))) - set(rows), "no label")
    reasons |= {rows[place]: reason for place, reason in contents.absent.items()}
    return Cleaned(
        kept_rows,
        (*labelled.notices, *contents.notices, *group_notices),
        labelled.warnings,
        list_left_out(table, columns.image, ids if columns.id else (), reasons, split),
    )


def _read_contents(
    table: Table, columns: Columns, rows: Sequence[int], config: DataConfig, resize: Resize | None
) -> _Contents:
    """Texts or pictures of some rows.

    Raises:
        DataError: empty ones, values that are no texts, pictures that cannot be read; nothing that can be used.
    """
    gallery = _gallery(table, columns.image, rows, config, resize) if columns.image else None
    if gallery is None:
        texts, text_notices = read_texts(table, columns.text, rows)
        keys = [normalise(parts) for parts in texts]
        empty = [place for place, parts in enumerate(texts) if any(map(blank, parts))]
    else:
        texts, text_notices = [(gallery.names[row],) for row in rows], tuple(gallery.notices(table.name))
        keys = [gallery.hashes[row] for row in rows]
        empty = [place for place, key in enumerate(keys) if not key and rows[place] not in gallery.bad]
    notices = [*text_notices]
    if empty:
        places = table.places([rows[place] for place in empty])
        if not config.drop_empty:
            raise empty_cells(len(empty), places, columns, others=len(rows) - len(empty))
        where = f"({places}){where_all_are(len(empty))}"
        notices.append(f"{count(len(empty), 'row')} with an empty {columns.kind} left out {where}.")
    absent = dict.fromkeys(empty, f"empty {columns.kind}")
    if gallery is not None and gallery.bad:
        bad = f"{_reasons(gallery)}{where_all_are(len(gallery.bad))}"
        notices.append(f"{count(len(gallery.bad), 'picture')} left out: {bad}.")
        absent |= {place: gallery.bad[row] for place, row in enumerate(rows) if row in gallery.bad}
    if rows and len(absent) == len(rows):
        raise DataError("No row is left after empty ones were left out", where=table.name, fix="Check the columns.")
    return _Contents(texts, keys, absent, gallery, tuple(notices))


def _gallery(table: Table, column: str, rows: Sequence[int], config: DataConfig, resize: Resize | None) -> Gallery:
    """The pictures of the rows that have a label."""
    values, wanted = table.values[column], set(rows)
    pictures = [
        picture_of(value, table.place(row), table.folder) if row in wanted else None for row, value in enumerate(values)
    ]
    gallery = read_gallery(table, pictures, resize)
    if gallery.bad and config.bad_images == "error":
        raise bad_pictures(gallery, table)
    return gallery


def _reasons(gallery: Gallery) -> str:
    return shorten([f"{gallery.names[row]} ({reason})" for row, reason in sorted(gallery.bad.items())])


def empty_cells(
    number: int,
    places: str,
    columns: Columns,
    fix: str = "Fill them in, or leave these rows out with --drop-empty (drop_empty: true).",
    others: int = 0,
) -> DataError:
    """The error for rows without a text or an image."""
    verb, names = "has" if number == 1 else "have", " or ".join(columns.content)
    return DataError(
        f"{count(number, 'row')} {verb} an empty {columns.kind} in column {names}",
        where=places,
        fix=fix,
        past={"drop_empty": others > 0},
    )


def read_texts(
    table: Table, columns: Sequence[str], rows: Sequence[int]
) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """The texts of some rows, exactly as they are; missing ones are empty, numbers are written out with a notice.

    Raises:
        DataError: a value that is no text, such as bytes or a list, or half a surrogate pair.
    """
    parts: list[list[str]] = []
    notices: list[str] = []
    for column in columns:
        values = table.values[column]
        converted: Counter[str] = Counter()
        texts = []
        for row in rows:
            value = values[row]
            if not isinstance(value, str) and not missing(value):
                converted[type(value).__name__] += 1
            texts.append(_text(value, table, row, column))
        parts.append(texts)
        if converted:
            number = sum(converted.values())
            are, text = either(number, "is", "are"), either(number, "no text", "not texts")
            notices.append(
                f"{count(number, 'value')} of column '{column}' in {table.name} {are} {text} "
                f"({shorten(sorted(converted))}) and {are} written out."
            )
    return list(zip(*parts)), tuple(notices)


def _text(value: Any, table: Table, row: int, column: str) -> str:
    if missing(value):
        return ""
    if isinstance(value, bytes | bytearray | list | tuple | dict | set) or hasattr(value, "__array__"):
        raise DataError(
            f"The value in column '{column}' is not a text",
            where=table.place(row),
            found=f"a value of type {type(value).__name__.lstrip('_')}",
            fix="Name the column that holds the text: --text COLUMN.",
        )
    text = value if isinstance(value, str) else str(value)
    if not text.isascii() and printable(text) != text:
        raise DataError(
            f"The text in column '{column}' has half of a surrogate pair, which is no character",
            where=table.place(row),
            found=repr(printable(text)[:80]),
            fix="Repair the text.",
        )
    return text
