"""Which column looks like the text, the image, the label or the id, where nobody said so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefork.data.flags import all_flags
from tunefork.data.images.pictures import holds_picture
from tunefork.data.label_sets import has_lists
from tunefork.data.numbers import all_numbers
from tunefork.data.table import Table, shorten
from tunefork.errors import ColumnError

LABELS = ("label", "labels", "target", "class", "y")
"""Names that mean a label wherever they stand, best first."""
TOPICS = ("category", "intent", "sentiment", "topic", "emotion", "stance", "classification", "tag")
"""Names that mean a label unless two of them are there."""
SCORES = ("score", "rating", "value")
"""Names that mean a number to learn, after those of labels."""
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
_NAME_IT = "Name it: --label COLUMN (label: in a study file)."


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
    if lists := [column for column in crowded if has_lists(table.values[column])]:
        return lists[0]
    if crowded and not few:
        values = len({str(value) for value in table.values[crowded[0]]})
        reason = f": '{crowded[0]}' has {values:,} different values in {len(table):,} rows"
    raise ColumnError(
        f"The label column cannot be guessed{reason}",
        where=table.name,
        found=f"columns {shorten(table.columns, 20)}",
        fix=f"{_NAME_IT}{_flags_hint(table, free)}",
    )


def guess_number(table: Table, taken: Sequence[str] = ()) -> str:
    """The column of numbers that looks like what a regression learns: by its name, or the only one.

    Raises:
        ColumnError: none does, or several do.
    """
    free = [column for column in table.columns if column not in taken and not _is_id(column)]
    numbers = [column for column in free if all_numbers(table.values[column])]
    for name in (*LABELS, *SCORES):
        if named := [column for column in numbers if column.lower() == name]:
            return named[0]
    if len(numbers) == 1:
        return numbers[0]
    reason = f"{shorten(numbers)} all hold numbers" if numbers else "no column holds numbers that differ"
    raise ColumnError(
        f"The label column cannot be guessed: {reason}",
        where=table.name,
        found=f"columns {shorten(table.columns, 20)}",
        fix=_NAME_IT,
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
    there = any(_is_file(table.folder / name.strip()) for name in named)
    return found if there and not any(column.lower() == "text" for column in free) else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # what is no file's name, such as one that is far too long
        return False


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


def _is_id(column: str) -> bool:
    return column.lower() in IDS or column.lower().endswith("_id")


def _flags_hint(table: Table, free: Sequence[str]) -> str:
    flags = [column for column in free if all_flags(table.values[column])]
    if len(flags) < 2:
        return ""
    return f" Where each of several columns says 0 or 1 of a label, name them all: --label {'+'.join(flags)}."


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
