"""Which columns hold the text or image, the label, the id and the group: as configured, or guessed and said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tunefork.config import DataConfig
from tunefork.data.images.class_folders import UNIT
from tunefork.data.images.pictures import holds_picture
from tunefork.data.table import Table, shorten
from tunefork.errors import ColumnError, did_you_mean

LABELS = ("label", "labels", "target", "class", "y")
"""Names that mean a label wherever they stand, best first."""
TOPICS = ("category", "intent", "sentiment", "topic", "emotion", "stance", "classification", "tag")
"""Names that mean a label unless two of them are there."""
IDS = ("id", "idx", "index", "uid", "guid")
PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("question", "sentence"),
)
MOST_CLASSES = 50
"""A column whose name says nothing is taken for a label only up to this many values."""
FILES = 20
"""Files that are looked for to know whether a column names pictures."""
SAMPLE = 2000
"""Rows that are looked at to guess the text column."""


@dataclass(frozen=True)
class Columns:
    """The chosen columns."""

    text: tuple[str, ...]
    """One column, or two for a pair; none where rows are images."""
    label: str
    id: str = ""
    """Empty where rows are numbered."""
    group: str = ""
    image: str = ""

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that a model reads."""
        return (self.image,) if self.image else self.text

    @property
    def kind(self) -> str:
        """What a row is, for messages."""
        return "image" if self.image else "text"


def choose_columns(table: Table, config: DataConfig) -> tuple[Columns, tuple[str, ...]]:
    """The configured columns, the missing ones guessed, and a notice for each guess. A pair is never guessed.

    Raises:
        ColumnError: a named column is not there, two roles share one, or nothing sensible can be guessed.
    """
    check_columns(table, Columns(config.text, config.label, config.id, config.group, config.image))
    _distinct_roles(table, config)
    notices: list[str] = []
    image = config.image or ("" if config.text else guess_image(table, taken=(config.label, config.id, config.group)))
    label = config.label
    if not label:
        label = guess_label(table, taken=(*config.text, image, config.id, config.group))
        notices.append(f"label column guessed: {label}")
    text = config.text
    if not text and not image:
        text = (guess_text(table, taken=(label, config.id, config.group)),)
        notices.append(f"text column guessed: {text[0]}{_pair_hint(table)}")
    if image and not config.image:
        notices.append(f"image column guessed: {image}")
    identity = config.id or guess_id(table, taken=(*text, image, label, config.group))
    if identity and not config.id:
        notices.append(f"id column guessed: {identity}")
    if table.unit == UNIT:
        notices = []  # what folders are called is no guess
    return Columns(text, label, identity, config.group, image), tuple(notices)


def check_columns(table: Table, columns: Columns) -> None:
    """Every named column is there.

    Raises:
        ColumnError: naming the columns present and the nearest name.
    """
    roles = [(column, "text") for column in columns.text] + [(columns.image, "image")]
    roles += [(columns.label, "label"), (columns.id, "id"), (columns.group, "group")]
    for column, role in roles:
        if column and column not in table.values:
            raise ColumnError(
                f"There is no column '{column}' for the {role}",
                where=table.name,
                found=f"columns {shorten(table.columns, 20)}",
                fix=did_you_mean(column, table.columns),
            )


def _distinct_roles(table: Table, config: DataConfig) -> None:
    named = [column for column in (*config.text, config.image, config.label, config.id) if column]
    for place, column in enumerate(named):
        if column in named[:place]:
            raise ColumnError(
                f"The column '{column}' is given two parts to play",
                where=table.name,
                found=f"columns {shorten(table.columns, 20)}",
                fix="Name different columns for text or image, label and id.",
            )


def guess_label(table: Table, taken: Sequence[str] = ()) -> str:
    """The column that looks like the label.

    Raises:
        ColumnError: none does, or several do.
    """
    free = [column for column in table.columns if column not in taken]
    pictures = any(_pictures(table.values[column]) for column in taken if column in table.values)
    free = [column for column in free if not _pictures(table.values[column])]
    by_name = {column.lower(): column for column in reversed(free) if _few_values(table.values[column])}
    for name in LABELS:
        if name in by_name:
            return by_name[name]
    topics = [by_name[name] for name in TOPICS if name in by_name]
    if len(topics) == 1:
        return topics[0]
    few = topics or [column for column in free if _classes(table.values[column])]
    if len(few) == 1 and (len(free) > 1 or pictures):
        return few[0]
    reason = f": {shorten(few)} all look like one" if len(few) > 1 else ""
    crowded = [column for column in free if column.lower() in LABELS]
    if crowded and not few:
        values = len({str(value) for value in table.values[crowded[0]]})
        reason = f": '{crowded[0]}' has {values:,} different values in {len(table):,} rows"
    raise ColumnError(
        f"The label column cannot be guessed{reason}",
        where=table.name,
        found=f"columns {shorten(table.columns, 20)}",
        fix="Name it: --label COLUMN (label: in a study file).",
    )


def guess_text(table: Table, taken: Sequence[str] = ()) -> str:
    """The column that looks like the text: called ``text``, or the one with the most words and most distinct values.

    Raises:
        ColumnError: no column holds words.
    """
    free = [column for column in table.columns if column not in taken and column.lower() not in IDS]
    scores = {column: score for column in free if (score := _wordiness(table.values[column])) is not None}
    if named := [column for column in scores if column.lower() == "text"]:
        return named[0]
    if not scores:
        raise ColumnError(
            "The text column cannot be guessed: no column holds words",
            where=table.name,
            found=f"columns {shorten(table.columns, 20)}",
            fix="Name it: --text COLUMN (text: in a study file).",
        )
    return max(scores, key=lambda column: scores[column])


def guess_image(table: Table, taken: Sequence[str] = ()) -> str:
    """The column that holds pictures, or names files of pictures; empty where there is none.

    Names of files count where some of the files are there, and where no other column is called text.
    """
    free = [column for column in table.columns if column not in taken]
    found = next((column for column in free if _pictures(table.values[column])), "")
    if not found or not isinstance(_first(table.values[found]), str):
        return found
    named = [value for value in table.values[found] if isinstance(value, str)][:FILES]
    there = any((table.folder / name.strip()).is_file() for name in named)
    return found if there and not any(column.lower() == "text" for column in free) else ""


def _pictures(values: Sequence[Any]) -> bool:
    sample = [value for value in values[:: max(1, len(values) // SAMPLE)] if value is not None]
    return bool(sample) and sum(map(holds_picture, sample)) > 0.9 * len(sample)


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def guess_id(table: Table, taken: Sequence[str] = ()) -> str:
    """The column that is called an id and has a different value in every row; empty where there is none."""
    free = [column for column in table.columns if column not in taken]
    order = [column for name in IDS for column in free if column.lower() == name]
    order += [column for column in free if column.lower().endswith("_id")]
    return next((column for column in order if unique(table.values[column])), "")


def unique(values: Sequence[Any]) -> bool:
    """Whether all values are there and differ, also when written as text."""
    texts = {str(value).strip() for value in values if value is not None}
    return len(texts) == len(values) and "" not in texts


def _pair_hint(table: Table) -> str:
    names = {column.lower(): column for column in table.columns}
    for first, second in PAIRS:
        if first in names and second in names:
            pair = f"{names[first]}+{names[second]}"
            return f" ({pair} looks like a pair; to use both, give --text {pair})"
    return ""


def _few_values(values: Sequence[Any]) -> bool:
    distinct = len({str(value) for value in values})
    return distinct <= max(20, len(values) // 2)


def _classes(values: Sequence[Any]) -> bool:
    distinct = len({str(value) for value in values if value is not None})
    return 2 <= distinct <= min(MOST_CLASSES, max(2, len(values) // 3))


def _wordiness(values: Sequence[Any]) -> tuple[float, float] | None:
    """Mean words × share of distinct values, then mean characters; None for columns that are not text."""
    sample = [value for value in values[:: max(1, len(values) // SAMPLE)] if value is not None]
    texts = [value for value in sample if isinstance(value, str)]
    if not any(texts) or len(texts) < len(sample) or sum(_is_number(text) for text in texts) > len(texts) / 2:
        return None
    distinct = len(set(texts)) / len(texts)
    words = sum(len(text.split()) for text in texts) / len(texts)
    return words * distinct, distinct * sum(map(len, texts)) / len(texts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
